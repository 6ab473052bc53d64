import { connect } from 'node:net'

/** Sends bytes over a new connection and answers with all that comes back until it is closed or silent for a moment. */
export function sendRaw(port: number, bytes: string | Uint8Array, silentMilliseconds = 150): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    const settle = (): void => {
      socket.destroy()
      resolve(Buffer.concat(chunks).toString('latin1'))
    }
    socket.setTimeout(silentMilliseconds, settle)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', settle)
    socket.on('close', settle)
    socket.write(bytes)
  })
}

/** The status codes of the answers in raw text. */
export function statusesOf(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}
