const longestText = 300
const shortestSecret = 4

/** Text of bounded length on one line. */
export function clipped(text: string): string {
  const line = text.replaceAll(/\p{C}+/gu, ' ')
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line
}

/** A message of somebody else's code with every repetition of the caller's text taken out. */
export function redacted(message: string, value: unknown): string {
  return typeof value === 'string' && value.length >= shortestSecret ? message.replaceAll(value, '…') : message
}
