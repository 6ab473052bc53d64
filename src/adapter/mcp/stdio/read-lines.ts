import type { Readable } from 'node:stream'

const newline = 0x0a

/**
 * The lines of a stream without their ends, the last one also where the stream ends without one. A line of more than `maxBytes`
 * is read away as it comes, and `too long` stands for it. Reads no further than the reader asks.
 */
export async function* readLines(input: Readable, maxBytes: number): AsyncGenerator<Buffer | 'too long', void> {
  const parts: Buffer[] = []
  let size = 0
  const take = (): Buffer | 'too long' => {
    const line = size > maxBytes ? 'too long' : Buffer.concat(parts)
    parts.length = 0
    size = 0
    return line
  }
  for await (const chunk of input) {
    let rest = Buffer.from(chunk as Uint8Array)
    for (let end = rest.indexOf(newline); end !== -1; end = rest.indexOf(newline)) {
      add(rest.subarray(0, end))
      yield take()
      rest = rest.subarray(end + 1)
    }
    add(rest)
  }
  if (size > 0) yield take()

  function add(bytes: Buffer): void {
    size += bytes.length
    if (size <= maxBytes) parts.push(bytes)
    else parts.length = 0
  }
}
