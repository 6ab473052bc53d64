import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cleanEnvironment, runCli, type Finished } from './server-process.js'

/** These read an app into their process, for good. */
const readApps = new Set(['application', 'graph', 'leak-test', 'lint', 'matrix', 'who-can', 'why'])

/** `authsec …` for a home, again and again: one process for the commands that leave nothing behind, programs of their own for the others. */
export class WarmCli {
  readonly #home: string
  #child: Promise<ChildProcess> | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(home: string) {
    this.#home = home
  }

  run(...args: readonly string[]): Promise<Finished> {
    if (readApps.has(args[0] ?? '')) return runCli(this.#home, ...args)
    return this.runWithInput('', ...args)
  }

  /** The same, with something on its standard input. */
  runWithInput(input: string, ...args: readonly string[]): Promise<Finished> {
    const finished = this.#turn.then(() => this.#inTurn({ args, input }))
    this.#turn = finished.catch(() => undefined)
    return finished
  }

  async close(): Promise<void> {
    await this.#turn
    const child = await this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async #inTurn(command: Readonly<Record<'args' | 'input', unknown>>): Promise<Finished> {
    this.#child ??= start(this.#home)
    const child = await this.#child
    child.send(command)
    return answer<Finished>(child)
  }
}

async function start(home: string): Promise<ChildProcess> {
  const child = fork('test/support/warm-cli-child.mjs', {
    env: { ...cleanEnvironment(), AUTHSEC_HOME: home },
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  await answer(child)
  return child
}

async function answer<Value>(child: ChildProcess): Promise<Value> {
  const given = new AbortController()
  const ended = once(child, 'exit', given).then(([code, signal]) => {
    throw new Error(`the command line ended with ${code ?? signal}`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', given), ended])
    return message as Value
  } finally {
    given.abort()
    ended.catch(() => undefined)
  }
}
