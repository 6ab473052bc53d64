import type { ExternalService, ServiceAuth } from '../external-service.js'

/** How a service is asked for the tokens of one user. */
export type UserServiceAuth = Extract<ServiceAuth, { readonly grant: 'authorization_code' }>

/** A service where each user signs in, and has tokens of their own. */
export interface UserService extends ExternalService {
  readonly auth: UserServiceAuth
}

/** Whether each user has tokens of their own there. */
export function isUserService(service: ExternalService): service is UserService {
  return service.auth.type === 'oauth2' && service.auth.grant === 'authorization_code'
}
