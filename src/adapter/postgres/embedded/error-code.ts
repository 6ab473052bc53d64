/** The `code` that Node and PostgreSQL put on their errors, or an empty string. */
export function errorCode(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
}
