const quote = 0x22
const backslash = 0x5c
const openings = [0x5b, 0x7b] as const
const closings = [0x5d, 0x7d] as const

/** Whether JSON text nests deeper than `limit`, told from its bytes before anything is built from them. */
export function nestsDeeperThan(bytes: Uint8Array, limit: number): boolean {
  let depth = 0
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index]
    if (byte === quote) index = endOfString(bytes, index + 1)
    else if (byte === openings[0] || byte === openings[1]) {
      depth += 1
      if (depth > limit) return true
    } else if (byte === closings[0] || byte === closings[1]) depth -= 1
  }
  return false
}

function endOfString(bytes: Uint8Array, start: number): number {
  let index = start
  while (index < bytes.length && bytes[index] !== quote) index += bytes[index] === backslash ? 2 : 1
  return index
}
