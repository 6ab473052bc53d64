import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ServerProcess {
  readonly url: string
  readonly oauthUrl: string
  readonly origin: string
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  /** SIGTERM and the exit code. */
  stop(): Promise<number | null>
  kill(): Promise<void>
  /** The exit code, once it ends by itself. */
  ended(): Promise<number | null>
}

export interface ServerProcessOptions {
  readonly home: string
  readonly entry?: string
  readonly env?: NodeJS.ProcessEnv
}

const quickstart = 'samples/quickstart/dist/main.js'

/** Starts a built server in a process of its own and waits for its ready lines. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['--enable-source-maps', options.entry ?? quickstart], {
    env: { ...cleanEnvironment(), PORT: '0', AUTHSEC_HOME: options.home, AUTHSEC_LOG_LEVEL: 'warn', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const lines = await readyLines(child, output)
  return {
    ...lines,
    origin: new URL(lines.url).origin,
    pid: child.pid ?? 0,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill('SIGTERM')
      await once(child, 'exit')
      return child.exitCode
    },
    async ended() {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      return child.exitCode
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function readyLines(
  child: ChildProcess,
  output: { stdout: string; stderr: string },
): Promise<{ url: string; oauthUrl: string }> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const url = /^AuthSec ready: (\S+)$/m.exec(output.stdout)?.[1]
      const oauthUrl = /^AuthSec OAuth: (\S+)$/m.exec(output.stdout)?.[1]
      if (url !== undefined && oauthUrl !== undefined) resolve({ url, oauthUrl })
    }
    child.stdout?.on('data', look)
    child.once('exit', (code) => reject(new Error(`the server exited with ${code}: ${output.stderr}${output.stdout}`)))
  })
}

/** The environment without what a test run or a shell might have set for us. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('AUTHSEC_') && !['PORT', 'HOST', 'NODE_ENV', 'NODE_OPTIONS'].includes(name),
  )
  return Object.fromEntries(kept)
}

export interface TemporaryHome {
  readonly path: string
  accounts(): Promise<readonly { email: string; password: string; tenant: string }[]>
  remove(): Promise<void>
}

export async function temporaryHome(): Promise<TemporaryHome> {
  const path = await mkdtemp(join(tmpdir(), 'authsec-home-'))
  return {
    path,
    async accounts() {
      return JSON.parse(await readFile(join(path, 'accounts.json'), 'utf8')) as {
        email: string
        password: string
        tenant: string
      }[]
    },
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 20 }),
  }
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, in this folder or another one. */
export async function runProgram(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  folder = process.cwd(),
): Promise<Finished> {
  const child = spawn(process.execPath, [...argv], {
    cwd: folder,
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  await once(child, 'close')
  return { code: child.exitCode, ...output }
}

/** `authsec …` as a user would run it. */
export function runCli(home: string, ...args: readonly string[]): Promise<Finished> {
  return runProgram(['dist/cli/main.js', ...args], { AUTHSEC_HOME: home })
}
