import { Writable } from 'node:stream'
import { refuseWhileReading } from '../../../core/runtime/reading-app.js'
import { divertChildren, divertDescriptor, divertThreads } from './divert-output.js'

let claimed: Writable | undefined

/**
 * Keeps standard output for the protocol from now on and answers with the only way to write there. What anything else writes to
 * it goes to standard error: `console`, `process.stdout`, loggers that write to the descriptor, threads, and child processes that
 * inherit it. (Model Context Protocol, `basic/transports`: a server must not write anything else to its standard output.)
 * Throws `ConfigurationError` where an app is only read.
 */
export function claimStandardOutput(): Writable {
  refuseWhileReading("'authsec/stdio'")
  return divertStandardOutput()
}

/** The same for whatever else has standard output to itself, such as a command that prints results. */
export function divertStandardOutput(): Writable {
  claimed ??= claim()
  return claimed
}

function claim(): Writable {
  const { stdout, stderr } = process
  const write = stdout.write.bind(stdout)
  const output = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      write(chunk, (error) => done(error ?? undefined))
    },
  })
  stdout.on('error', (error) => output.destroy(error))
  // A client may close our standard error and go on.
  stderr.on('error', () => undefined)
  stdout.write = stderr.write.bind(stderr)
  stayOpen(stdout)
  divertDescriptor()
  divertChildren()
  divertThreads()
  return output
}

/** Whoever says their last word there, and hears that it is out, does not end the protocol. */
function stayOpen(stream: NodeJS.WriteStream): void {
  Reflect.set(stream, 'end', (...words: readonly unknown[]) => {
    const [chunk] = words
    const done = words.at(-1)
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) stream.write(chunk)
    process.nextTick(() => {
      stream.emit('finish')
      if (typeof done === 'function') Reflect.apply(done, undefined, [])
    })
    return stream
  })
}
