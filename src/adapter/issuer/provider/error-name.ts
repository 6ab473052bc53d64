/** What may be said of an error in a log: its class, never its message, which may quote what was sent. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
