// The built command line in a process that stays: loading it takes longer than most commands. One command at a time.
import { Readable } from 'node:stream'

const printed = { stdout: '', stderr: '' }
const keep =
  (name) =>
  (chunk, ...rest) => {
    printed[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
    const done = rest.at(-1)
    if (typeof done === 'function') process.nextTick(done)
    return true
  }
const streams = ['stdout', 'stderr'].map((name) => [process[name], keep(name)])
const keepAll = () => {
  for (const [stream, write] of streams) stream.write = write
}
keepAll()

const { run } = await import(`${process.cwd()}/dist/cli/run.js`)

const runOne = async ({ args, input }) => {
  Object.assign(printed, { stdout: '', stderr: '' })
  // A command that prints a result keeps standard output to itself from there on.
  keepAll()
  // Nobody is at the keyboard.
  const stdin = Readable.from(input === '' ? [] : [Buffer.from(input)], { objectMode: false })
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true })
  process.exitCode = undefined
  const code = await run([process.execPath, 'dist/cli/main.js', ...args], process.env)
  process.removeAllListeners('SIGINT')
  process.send({ code, ...printed })
}
process.on('message', (command) => void runOne(command))
process.send('ready')
