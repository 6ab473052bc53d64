import { InvalidArgumentError } from 'commander'

const unitMilliseconds: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
}
const firstMoment = Date.parse('0001-01-01T00:00:00Z')
const timestamp = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/i

/** A moment: as in RFC 3339, a day as its beginning in UTC, or so long ago, such as `2h`. Throws `InvalidArgumentError`. */
export function parseMoment(text: string, now: number = Date.now()): Date {
  const [, number = '', unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  const milliseconds = unitMilliseconds[unit]
  const isTimestamp = timestamp.test(text) && isDay(text.slice(0, 10))
  const moment =
    milliseconds === undefined ? (isTimestamp ? Date.parse(text) : Number.NaN) : now - Number(number) * milliseconds
  if (moment < firstMoment) throw new InvalidArgumentError('It is before the year 1.')
  if (!Number.isNaN(moment)) return new Date(moment)
  throw new InvalidArgumentError(
    'It is a time such as 2026-11-26T09:30:00Z, a day, or so long ago: 90s, 30m, 2h, 7d, 4w.',
  )
}

/** `Date` takes the 30th of February for the 2nd of March. */
function isDay(day: string): boolean {
  const moment = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(day)
}
