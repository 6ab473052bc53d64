import { UpstreamError } from '../../../core/error/upstream-error.js'

/** Who is in the way: everybody together, or others of the same account or network. */
type Crowd = 'everybody' | 'its own'

/** How soon it is worth trying again. */
export const crowdedSeconds = 5

/** Nothing was computed for a password: too many wait. */
export class CrowdedError extends UpstreamError {
  readonly crowd: Crowd

  constructor(crowd: Crowd) {
    super('OVERLOADED', 'too many passwords wait to be looked at')
    this.crowd = crowd
  }

  /** For the page that is shown instead. */
  get problem(): string {
    return this.crowd === 'everybody'
      ? 'Many people are signing in right now. Try again in a few seconds.'
      : 'Too many sign-ins of this account or from your network at once. Try again in a few seconds.'
  }
}

/** The result of `work`, or why it was not done. Whatever else goes wrong is thrown. */
export async function orCrowded<Value>(work: Promise<Value>): Promise<Value | CrowdedError> {
  try {
    return await work
  } catch (error) {
    if (error instanceof CrowdedError) return error
    throw error
  }
}
