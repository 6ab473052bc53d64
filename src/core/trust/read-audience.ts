import { isObject, type OptionReader } from './option-reader.js'
import type { Preset } from './preset/preset.js'
import type { AudienceRule } from './trusted-issuer.js'

const longestAudience = 1024

type Accepted = AudienceRule['accepts']

/** For whom the issuer's tokens have to be. There is no default: whoever leaves it out takes tokens that are for others. */
export function readAudience(options: OptionReader, preset: Preset, issuer: string): AudienceRule {
  const accepts = readAccepted(options)
  const known = preset.otherAudiences.map((audience) => audience.replace('{issuer}', issuer))
  const besides = options.optionalTexts('otherAudiences', longestAudience, 0) ?? known
  return { claim: readPlace(options, preset, accepts), accepts, besides }
}

function readAccepted(options: OptionReader): Accepted {
  const written = options.value('audience')
  if (written === undefined || written === '') {
    const ways =
      "'resource' for the URL that is called, the value that the issuer puts into aud for this server, or one per path"
    options.fault('audience', `is missing: say for whom its tokens have to be: ${ways}`)
    return 'resource'
  }
  if (!isObject(written)) return options.text('audience', longestAudience)
  const byPath = options.optionalObject('audience')
  const paths = byPath?.names ?? []
  if (byPath === undefined || paths.length === 0) {
    options.fault('audience', 'names no path')
    return 'resource'
  }
  return Object.fromEntries(paths.map((path) => [path, readForPath(byPath, path)]))
}

function readForPath(byPath: OptionReader, path: string): string {
  if (!isPath(path)) byPath.fault(JSON.stringify(path.slice(0, 64)), 'is no path such as /mcp')
  return byPath.text(path, longestAudience)
}

function isPath(text: string): boolean {
  return text.startsWith('/') && URL.parse(text, 'https://host.invalid')?.pathname === text
}

/**
 * Tokens of Cognito have an `aud` only where the client asked for a resource, and that is a URL; a client id is compared with
 * `client_id`, of tokens that have no `aud` (`forbidsAudience`).
 */
function readPlace(options: OptionReader, { clientAudience }: Preset, accepts: Accepted): string {
  if (clientAudience === undefined || accepts === 'resource') return 'aud'
  const values = typeof accepts === 'string' ? [accepts] : Object.values(accepts)
  const urls = values.filter((value) => URL.canParse(value))
  if (urls.length === values.length) return 'aud'
  if (urls.length > 0) options.fault('audience', 'mixes URLs of resources with client ids: say one or the other')
  return clientAudience
}

/** Whether tokens with an `aud` are for somebody else: those that are recognized by another claim. */
export function forbidsAudience({ claim }: AudienceRule): boolean {
  return claim !== 'aud'
}
