import type { ServiceOptions } from '../core/external-service/service-options.js'

/** A service of somebody else in a test: what answers in its place, and who may use it. */
export interface TestService extends Partial<ServiceOptions> {
  /** Answers in its place. The request is what would be sent, with the credential. */
  readonly answer: (request: Request) => Promise<Response> | Response
  /** The members of its credential, such as `{ access_token: '…' }`. Default: made up, another one in each test app. */
  readonly credential?: Readonly<Record<string, string>>
  /** Where each user signs in at the service: who has, by subject. Default: everybody. */
  readonly connected?: (subject: string) => boolean
}
