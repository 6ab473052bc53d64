import { connect } from 'node:net'

/** A busy machine takes its time to begin. */
const firstMilliseconds = 3_000

/** Sends bytes over a new connection and answers with all that comes back until it is closed or, once it began, silent for a moment. */
export function sendRaw(port: number, bytes: string | Uint8Array, silentMilliseconds = 500): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    const settle = (): void => {
      socket.destroy()
      resolve(Buffer.concat(chunks).toString('latin1'))
    }
    socket.setTimeout(firstMilliseconds, settle)
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      socket.setTimeout(silentMilliseconds)
    })
    socket.on('error', settle)
    socket.on('close', settle)
    socket.write(bytes)
  })
}

/** The status codes of the answers in raw text. */
export function statusesOf(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}
