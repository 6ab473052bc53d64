import { ServiceError } from '../../error/service-error.js'
import type { Tell } from './connect-waiting.js'

/** Where a user lets this installation into a service. */
export interface ConnectLink {
  /** What the service is called. */
  readonly service: string
  /** An address of this installation with nothing secret in it: of no use to anybody but this user. */
  readonly url: string
  /** Names the link to the client (Model Context Protocol, `elicitationId`). */
  readonly id: string
  /** Has it said, once, when the user has signed in there: where the browser comes back to this process. */
  readonly whenDone: (tell: Tell) => void
}

/** The user has to sign in at the service first. `link`: where; none for users who do not sign in at this installation. */
export class ConnectError extends ServiceError {
  readonly link: ConnectLink | undefined

  constructor(service: string, message: string, link?: ConnectLink) {
    super('ERR_SERVICE_CONNECT', service, message)
    this.link = link
  }
}

/** The link in what an operation has thrown, which may be something that throws when it is looked at. */
export function linkIn(error: unknown): ConnectLink | undefined {
  try {
    return error instanceof ConnectError ? error.link : undefined
  } catch {
    return undefined
  }
}
