import { spawn } from 'node:child_process'
import type { ServerAccount } from './server-account.js'
import { errorCode } from './error-code.js'

export interface CommandOptions {
  /** Whom to run as; left out, as this process. */
  readonly account?: ServerAccount | undefined
  readonly environment?: Readonly<Record<string, string>> | undefined
  readonly timeoutMs?: number
}

/** How a command ended: `failure` names why it did not (not started, killed, too slow). */
export interface CommandResult {
  readonly code: number | undefined
  readonly output: string
  readonly failure?: string
}

const longestOutput = 64 * 1024

/** What PostgreSQL and the shell get of our environment: nothing that could change a cluster or leak a secret. */
export function cleanEnvironment(): Readonly<Record<string, string>> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
}

/** The end of a short command and what it printed. Never throws for a failing command; ends it after `timeoutMs` (10 s). */
export function runCommand(
  [file, ...parameters]: readonly [string, ...string[]],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(file, parameters, {
      ...options.account,
      cwd: '/',
      env: options.environment ?? cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 10_000,
      killSignal: 'SIGKILL',
    })
    let output = ''
    const collect = (chunk: Buffer): void => {
      if (output.length < longestOutput) output += chunk.toString('utf8')
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('error', (cause) => resolve({ code: undefined, output, failure: errorCode(cause) }))
    child.once('close', (code, signal) => {
      resolve(code === null ? { code: undefined, output, failure: signal ?? 'unknown' } : { code, output })
    })
  })
}
