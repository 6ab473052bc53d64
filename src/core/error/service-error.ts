import { AuthSecError } from './auth-sec-error.js'

export type ServiceErrorCode =
  | 'ERR_SERVICE_ANSWER'
  | 'ERR_SERVICE_CONNECT'
  | 'ERR_SERVICE_CREDENTIAL'
  | 'ERR_SERVICE_DENIED'
  | 'ERR_SERVICE_REQUEST'
  | 'ERR_SERVICE_SETUP'
  | 'ERR_SERVICE_UNDECLARED'
  | 'ERR_SERVICE_UNKNOWN'
  | 'ERR_SERVICE_UNREACHABLE'

/** An external service was not used, or gave no answer. The message names the service, nothing that is secret. */
export class ServiceError extends AuthSecError<ServiceErrorCode> {
  /** What the service is called. */
  readonly service: string

  constructor(code: ServiceErrorCode, service: string, message: string, options?: ErrorOptions) {
    super(code, message, options)
    this.service = service
  }
}
