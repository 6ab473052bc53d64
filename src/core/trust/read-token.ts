import type { OptionReader } from './option-reader.js'
import type { Preset } from './preset/preset.js'
import { signingAlgorithms, type SigningAlgorithm, type TokenRule, type TokenType } from './trusted-issuer.js'

const tokenTypes = ['at+jwt', 'jwt', 'absent'] as const satisfies readonly TokenType[]
const day = 86_400

/** What every token of the issuer has to be like. */
export function readToken(options: OptionReader, preset: Preset): TokenRule {
  const skewSeconds = options.optionalSeconds('skewSeconds', {
    ...{ least: 0, most: 60 },
    tooMany:
      'is more than 60: a token would live on for as long. Set the clocks instead; more than 300 is refused everywhere',
  })
  const maxLifetimeSeconds = options.optionalSeconds('maxLifetimeSeconds', {
    ...{ least: 1, most: day },
    tooMany: `is more than a day (${day}): what is remembered of logouts is not kept for longer`,
  })
  return {
    algorithms: readAlgorithms(options) ?? preset.algorithms,
    types: readTypes(options) ?? preset.types,
    required: preset.required,
    forbidden: preset.forbidden,
    skewSeconds: skewSeconds ?? 60,
    maxLifetimeSeconds: maxLifetimeSeconds ?? day,
  }
}

function readAlgorithms(options: OptionReader): readonly SigningAlgorithm[] | undefined {
  const written = options.optionalTexts('algorithms', 16)
  if (written === undefined) return undefined
  const known = signingAlgorithms.filter((algorithm) => written.includes(algorithm))
  if (known.length === written.length) return known
  const weak = written.some((name) => /^(?:HS\d+|none)$/i.test(name))
  const reason = weak ? ' (with HS* whoever can verify a token can make one, with none anybody can)' : ''
  options.fault('algorithms', `has one that is none of ${signingAlgorithms.join(', ')}${reason}`)
  return undefined
}

function readTypes(options: OptionReader): readonly TokenType[] | undefined {
  const written = options.optionalTexts('types', 32)
  if (written === undefined) return undefined
  const known = tokenTypes.filter((type) => written.includes(type))
  if (known.length === written.length) return known
  options.fault('types', `has one that is none of ${tokenTypes.join(', ')}`)
  return undefined
}
