/** By the source, what the last segment but one of its paths is. */
const engineWords = { dynamic: 'creds', static: 'static-creds' } as const
/** Where something else is than what an engine makes: secrets that are kept, those of other tenants too, and the engine's own affairs. */
const kept: ReadonlySet<string> = new Set(['data', 'metadata', 'sys', 'auth', 'cubbyhole', 'identity'])

/** Why a path leads to no role of a secrets engine, as the end of a sentence: to what an engine makes, and nowhere else. */
export function enginePathFault(path: string, from: 'dynamic' | 'static'): string | undefined {
  const segments = path.split('/')
  const word = engineWords[from]
  if (segments.length < 3 || segments.at(-2) !== word) {
    return `is not of the form MOUNT/${word}/ROLE, such as database/${word}/reports`
  }
  if (!segments.every((segment) => /^[A-Za-z0-9_][\w.-]*$/.test(segment))) {
    return 'has a segment with something else than letters, digits, _, - and dots that are not first'
  }
  const taken = segments.slice(0, -1).find((segment) => kept.has(segment.toLowerCase()))
  return taken === undefined ? undefined : `has the segment ${taken}, under which no engine makes credentials`
}
