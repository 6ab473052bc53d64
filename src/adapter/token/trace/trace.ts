import { AuthSecError } from '../../../core/error/auth-sec-error.js'

/** One thing that is asked of an issuer or a token, what was found, and whether that will do. */
export interface TraceStep {
  readonly about: string
  /** `open` where an earlier answer is missing. */
  readonly outcome: 'passed' | 'failed' | 'open'
  /** What was found: claims of the token, never its signature or a secret. */
  readonly found: string
  /** Why not. */
  readonly reason?: string
  /** The code that such a token is refused with. */
  readonly code?: string
}

/** Writes down each step as the code that decides takes it. */
export class Trace {
  readonly steps: TraceStep[] = []

  /** What a step gives; `undefined` where it fails. `find` says what there is, whatever comes of it. */
  async step<Value>(about: string, find: () => string, take: () => Promise<Value> | Value): Promise<Value | undefined> {
    try {
      const value = await take()
      this.steps.push({ about, outcome: 'passed', found: find() })
      return value
    } catch (error) {
      if (!(error instanceof AuthSecError)) throw error
      this.steps.push({ about, outcome: 'failed', found: find(), reason: error.message, code: String(error.code) })
      return undefined
    }
  }

  /** Something that is worth knowing and decides nothing. */
  note(about: string, found: string): void {
    this.steps.push({ about, outcome: 'passed', found })
  }

  /** What cannot be asked any more. */
  leaveOpen(about: string, found: string): void {
    this.steps.push({ about, outcome: 'open', found })
  }

  get failed(): boolean {
    return this.steps.some(({ outcome }) => outcome !== 'passed')
  }
}
