import { errorFields, isError } from './error-fields.js'
import { LineBudget } from './line-budget.js'
import { redacted } from './scrub-text.js'
import { secrecyOf } from './secret-name.js'

const longestText = 2_048
const longestName = 64
const deepest = 5
const mostMembers = 40

/** What names a public key is made of it (RFC 7638), and nothing can be done with it. */
const thumbprint = /^[\w-]{43}$/

interface Visit {
  readonly ancestors: readonly object[]
  readonly budget: LineBudget
}

/** Fields of a log line in a form that any logger can write: plain, small, without secrets. Never throws. */
export function loggable(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return members(fields, { ancestors: [fields], budget: new LineBudget() })
}

function members(value: object, visit: Visit): Record<string, unknown> {
  const names = namesOf(value)
  if (names === undefined) return { unreadable: true }
  const shown = names.slice(0, mostMembers).map((name): [string, unknown] => {
    return [visit.budget.text(name, longestName), member(value, name, visit)]
  })
  if (names.length > mostMembers) shown.push(['…', names.length - mostMembers])
  return Object.fromEntries(shown)
}

function member(value: object, name: string, visit: Visit): unknown {
  const secrecy = secrecyOf(name)
  if (secrecy === 'always') return redacted
  try {
    const found: unknown = Reflect.get(value, name)
    if (secrecy === 'text' && typeof found !== 'number' && typeof found !== 'boolean' && found !== undefined) {
      return redacted
    }
    if (name === 'kid' && typeof found === 'string' && thumbprint.test(found)) return visit.budget.plain(found)
    return shown(found, visit)
  } catch {
    return '[unreadable]'
  }
}

function shown(value: unknown, visit: Visit): unknown {
  if (!visit.budget.take()) return '…'
  if (typeof value === 'string') return visit.budget.text(value, longestText)
  if (value === null || value === undefined || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'bigint') return value > 2n ** 128n || value < -(2n ** 128n) ? '[bigint]' : String(value)
  if (typeof value !== 'object') return `[${typeof value}]`
  return shownObject(value, visit)
}

function shownObject(value: object, { ancestors, budget }: Visit): unknown {
  if (ancestors.includes(value)) return '[circular]'
  if (isError(value)) return errorFields(value, budget)
  if (value instanceof Date) return Number.isFinite(value.getTime()) ? value.toISOString() : '[date]'
  if (value instanceof URL) return budget.text(`${value.origin}${value.pathname}`, longestText)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return '[bytes]'
  if (ancestors.length >= deepest) return '[deep]'
  const visit = { ancestors: [...ancestors, value], budget }
  if (!Array.isArray(value)) return members(value, visit)
  const items = value.slice(0, mostMembers).map((item: unknown) => shown(item, visit))
  return value.length > mostMembers ? [...items, `… ${value.length - mostMembers} more`] : items
}

function namesOf(value: object): readonly string[] | undefined {
  try {
    return Object.keys(value)
  } catch {
    return undefined
  }
}
