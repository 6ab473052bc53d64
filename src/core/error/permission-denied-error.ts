import { AuthSecError } from './auth-sec-error.js'

export type PermissionDeniedErrorCode = 'ERR_PERMISSION_DENIED' | 'ERR_TENANT_NOT_ADMITTED' | 'ERR_TENANT_UNKNOWN'

/** The caller is known and may not enter. Answered with 403. */
export class PermissionDeniedError extends AuthSecError<PermissionDeniedErrorCode> {}
