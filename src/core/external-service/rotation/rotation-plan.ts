/** How the credential of a service is replaced. */
export interface RotationPlan {
  /** How often by itself, such as `30d` or `12h`. Default: only when somebody asks for it. */
  readonly every?: string
  /** A path of the service that is asked for with a new credential, before that is used. Default: none. */
  readonly check?: string
}

const secondsIn: Readonly<Record<string, number>> = { d: 86_400, h: 3_600 }
const mostSeconds = 366 * 86_400

/** A span such as `30d` in seconds; `undefined` for what is none. */
export function secondsOf(every: string): number | undefined {
  const [, count = '', unit = ''] = /^([1-9]\d{0,3})([dh])$/.exec(every) ?? []
  const seconds = Number(count) * (secondsIn[unit] ?? 0)
  return seconds > 0 && seconds <= mostSeconds ? seconds : undefined
}
