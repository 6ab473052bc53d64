/** Whether `error` carries this `code`, whichever class or realm it comes from. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}
