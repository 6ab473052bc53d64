import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cleanEnvironment, type Finished } from './server-process.js'

/** `authsec …` with something on its standard input. */
export async function runCliWithInput(home: string, input: string, ...args: readonly string[]): Promise<Finished> {
  const child = spawn(process.execPath, ['dist/cli/main.js', ...args], {
    env: { ...cleanEnvironment(), AUTHSEC_HOME: home },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  child.stdin.on('error', () => undefined).end(input)
  await once(child, 'close')
  return { code: child.exitCode, ...output }
}
