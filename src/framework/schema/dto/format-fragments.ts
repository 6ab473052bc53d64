import type { Translation, Translator } from './fragment.js'
import { isRecord } from '../json-value.js'
import { changedOptions } from './validator-options.js'

/** The validators of strings that have a named format (JSON Schema Validation 2020-12, section 7.3). */
export const formatFragments: readonly (readonly [string, Translator])[] = [
  [
    'isEmail',
    ([options]) => withoutOptions('@IsEmail', options, { type: ['string'], format: 'email', maxLength: 254 }),
  ],
  ['isUrl', ([options]) => url(options)],
  ['isUuid', ([version]) => uuid(version)],
  ['isIp', ([version]) => ip(version)],
  ['isFqdn', ([options]) => withoutOptions('@IsFQDN', options, fullName)],
  ['isDateString', dateOrTime],
  ['isIso8601', dateOrTime],
  ['isRFC3339', () => ({ type: ['string'], format: 'date-time' })],
]

const fullName = { type: ['string'], format: 'hostname', pattern: '\\.(?:[A-Za-z]{2,}|[Xx][Nn][0-9A-Za-z-]{2,})$' }

function dateOrTime(): Translation {
  return { type: ['string'], anyOf: [{ format: 'date' }, { format: 'date-time' }] }
}

function withoutOptions(name: string, options: unknown, form: Translation): Translation {
  if (changedOptions(options).length === 0) return form
  return `the options of ${name} have no JSON Schema form. Drop them, and put the rule into @Matches or a custom validator`
}

const urlOptions = new Set(['protocols', 'require_protocol', 'require_tld'])

function url(options: unknown): Translation {
  const chosen = isRecord(options) ? options : {}
  const protocols: unknown = chosen['protocols'] ?? ['http', 'https', 'ftp']
  if (changedOptions(options).some((name) => !urlOptions.has(name)) || !isProtocolList(protocols)) {
    return '@IsUrl has a JSON Schema form only with the options protocols, require_protocol and require_tld. Put other rules into @Matches'
  }
  const host = chosen['require_tld'] === false ? '' : '(?:\\[|[^/?#]*\\.)'
  const source = `^(?:${protocols.join('|')})://${host}`
  return { type: ['string'], format: 'uri', pattern: source, maxLength: 2_084 }
}

function isProtocolList(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string' && /^[a-z]+$/.test(name))
  )
}

function uuid(version: unknown): Translation {
  const wanted: readonly unknown[] = Array.isArray(version) ? version : [version ?? 'all']
  const forms = wanted.map((one) => uuidForm(String(one)))
  if (forms.length === 0 || forms.includes(undefined)) return 'the UUID version is not known. Use 1 to 8 or "all"'
  return { type: ['string'], format: 'uuid', pattern: `^(?:${forms.join('|')})$` }
}

const hex = '[0-9A-Fa-f]'
const nil = '00000000-0000-0000-0000-000000000000'
const max = '[Ff]{8}-[Ff]{4}-[Ff]{4}-[Ff]{4}-[Ff]{12}'

function uuidForm(version: string): string | undefined {
  if (/^[1-8]$/.test(version)) return `${hex}{8}-${hex}{4}-${version}${hex}{3}-[89ABab]${hex}{3}-${hex}{12}`
  if (version === 'all') return `${hex}{8}-${hex}{4}-[1-8]${hex}{3}-[89ABab]${hex}{3}-${hex}{12}|${nil}|${max}`
  if (version === 'loose') return `${hex}{8}-${hex}{4}-${hex}{4}-${hex}{4}-${hex}{12}`
  if (version === 'nil') return nil
  return version === 'max' ? max : undefined
}

function ip(version: unknown): Translation {
  if (version === undefined || version === null)
    return { type: ['string'], anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] }
  if (String(version) === '4') return { type: ['string'], format: 'ipv4' }
  return String(version) === '6' ? { type: ['string'], format: 'ipv6' } : 'the IP version is not known. Use 4 or 6'
}
