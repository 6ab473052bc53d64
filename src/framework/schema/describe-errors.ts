import type { ErrorObject } from 'ajv'
import { isRecord, pointer, shownName } from './json-value.js'
import { clipped } from './problem-text.js'

const mostNames = 20

/** The first thing that is wrong, with its place and what is expected there. Never repeats a value of the caller's. */
export function describeErrors(errors: readonly ErrorObject[]): string {
  const error = mostTelling(errors)
  if (error === undefined) return 'the arguments do not match the schema'
  const place = placeOf(error)
  return clipped(`${place === '' ? 'the value' : place} ${expectation(error, place)}`)
}

/** For a union the fault of the branch that was meant: the one whose tag matches, or that got furthest. */
function mostTelling(errors: readonly ErrorObject[]): ErrorObject | undefined {
  const last = errors.at(-1)
  if (last === undefined || (last.keyword !== 'anyOf' && last.keyword !== 'oneOf')) return last
  const branches = errors.filter((error) => !isComposite(error) && !isWrongBranch(error) && !isNullBranch(error))
  const deepest = branches.toSorted((a, b) => depth(b) - depth(a)).at(0)
  return deepest ?? tagError(errors, last) ?? last
}

function isComposite({ keyword }: ErrorObject): boolean {
  return keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'if'
}

function isNullBranch({ keyword, schema, data }: ErrorObject): boolean {
  return keyword === 'type' && schema === 'null' && data !== null
}

/** A branch that names another tag than the value has says nothing about the value. */
function isWrongBranch(error: ErrorObject): boolean {
  const { keyword, data } = error
  if (keyword === 'const') return true
  return isRecord(data) && tagsOf(error).some(({ property, value }) => data[property] !== value)
}

/** Where no branch has the value's tag: which tags there are. */
function tagError(errors: readonly ErrorObject[], composite: ErrorObject): ErrorObject | undefined {
  const tags = errors.flatMap((error) => (error.keyword === 'const' ? constTag(error) : tagsOf(error)))
  const [first] = tags
  if (first === undefined || tags.some((tag) => tag.path !== first.path)) return undefined
  if (first.path.lastIndexOf('/') !== composite.instancePath.length) return undefined
  const values = [...new Set(tags.map((tag) => tag.value))]
  return { ...composite, keyword: 'enum', schema: values, instancePath: first.path }
}

interface UnionTag {
  readonly property: string
  readonly path: string
  readonly value: unknown
}

function constTag({ instancePath, schema }: ErrorObject): readonly UnionTag[] {
  return [{ property: instancePath.slice(instancePath.lastIndexOf('/') + 1), path: instancePath, value: schema }]
}

/** The members that must have one certain value in the branch that an error comes from. */
function tagsOf({ instancePath, parentSchema }: ErrorObject): readonly UnionTag[] {
  const properties: unknown = parentSchema?.['properties']
  if (!isRecord(properties)) return []
  return Object.entries(properties).flatMap(([property, schema]) => {
    const path = pointer(instancePath, property)
    return isRecord(schema) && 'const' in schema ? [{ property, path, value: schema['const'] }] : []
  })
}

function depth({ instancePath }: ErrorObject): number {
  return instancePath.split('/').length
}

function placeOf(error: ErrorObject): string {
  const parent = clipped(error.instancePath)
  if (error.keyword === 'required') return pointer(parent, String(error.params['missingProperty']))
  if (error.keyword === 'additionalProperties') return pointer(parent, String(error.params['additionalProperty']))
  if (error.keyword === 'unevaluatedProperties') return pointer(parent, String(error.params['unevaluatedProperty']))
  return parent
}

function expectation(error: ErrorObject, place: string): string {
  switch (error.keyword) {
    case 'required':
      return `is required${alsoMissing(error, place)}`
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return `is not expected${knownNames(error)}`
    case 'type':
      return `must be ${[error.schema].flat().join(' or ')}`
    case 'enum':
      return `must be one of ${valueList(error.schema)}`
    case 'const':
      return `must be ${JSON.stringify(error.schema)}`
    case 'format':
      return `must be ${formatName(String(error.schema))}`
    case 'anyOf':
    case 'oneOf':
      return `must match ${formatNames(error.schema) ?? 'one of the listed forms'}`
    case 'not':
      return 'must not be what the schema excludes'
    case 'uniqueItems':
      return 'must not have equal items'
    default:
      return (error.message ?? 'is not valid').replace('NOT', 'not')
  }
}

function alsoMissing({ data, parentSchema }: ErrorObject, place: string): string {
  const required: unknown = parentSchema?.['required']
  if (!Array.isArray(required) || !isRecord(data)) return ''
  const others = required.filter(
    (name) => typeof name === 'string' && data[name] === undefined && !place.endsWith(`/${name}`),
  )
  return others.length === 0 ? '' : ` (as are ${names(others)})`
}

function knownNames({ parentSchema }: ErrorObject): string {
  const properties: unknown = parentSchema?.['properties']
  const known = isRecord(properties) ? Object.keys(properties) : []
  return known.length === 0 ? '' : ` (known: ${names(known)})`
}

function names(list: readonly unknown[]): string {
  const shown = list.slice(0, mostNames).map((name) => shownName(String(name)))
  return `${shown.join(', ')}${list.length > mostNames ? ', …' : ''}`
}

function valueList(values: unknown): string {
  if (!Array.isArray(values)) return 'the listed values'
  const shown = values.slice(0, mostNames).map((value) => JSON.stringify(value))
  return `${shown.join(', ')}${values.length > mostNames ? ', …' : ''}`
}

const formatWords: Readonly<Record<string, string>> = {
  date: 'a date such as 2024-05-01',
  'date-time': 'a date and time such as 2024-05-01T12:00:00Z',
  email: 'an email address',
  hostname: 'a host name',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  uri: 'a URI with its scheme, such as https://example.com/',
  uuid: 'a UUID',
}

function formatName(format: string): string {
  return formatWords[format] ?? `in the format "${format}"`
}

function formatNames(branches: unknown): string | undefined {
  if (!Array.isArray(branches)) return undefined
  const formats = branches.map((branch) =>
    isRecord(branch) && typeof branch['format'] === 'string' ? branch['format'] : undefined,
  )
  return formats.includes(undefined)
    ? undefined
    : `one of: ${formats.map((format) => formatName(String(format))).join(', ')}`
}
