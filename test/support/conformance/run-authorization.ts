import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { cleanEnvironment } from '../server-process.js'

export interface AuthorizationRun {
  readonly issuer: string
  readonly clientId: string
  readonly resource: string
  /** Where the suite listens for the code. */
  readonly port: number
  /** What the user does with the URL that the suite shows; answers with where the browser was sent in the end. */
  readonly visit: (url: URL) => Promise<URL | undefined>
}

export interface RunResult {
  readonly code: number | null
  /** By scenario, how many of its checks passed and failed. */
  readonly scenarios: Readonly<Record<string, readonly [passed: number, failed: number]>>
  readonly output: string
}

const suite = resolve('node_modules/@modelcontextprotocol/conformance/dist/index.js')
const hooks = resolve('test/support/conformance/load-suite.mjs')

/** The `authorization` scenarios of the MCP conformance suite, with a user who answers it. */
export async function runAuthorization(run: AuthorizationRun): Promise<RunResult> {
  const { clientId, issuer, port, resource } = run
  const asked = ['--url', issuer, '--client-id', clientId, '--resource', resource, '--port', String(port)]
  const child = spawn(process.execPath, ['--import', hooks, suite, 'authorization', ...asked], {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let visited: Promise<void> | undefined
  const read = (text: string): void => {
    output += text
    const [url] = new RegExp(`${issuer}/authorize\\?\\S+(?=\\s)`).exec(output) ?? []
    if (url === undefined || !output.includes('Callback server started')) return
    visited ??= answer(run, new URL(url))
    // Nobody would come any more, and the suite waits for minutes.
    visited.catch(() => child.kill())
  }
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', read)
  const [code] = (await once(child, 'close')) as [number | null]
  await visited
  const lines = output.matchAll(/[✓✗] (\S+): (\d+) passed, (\d+) failed/g)
  const scenarios = [...lines].map(([, name = '', passed, failed]) => [name, [Number(passed), Number(failed)]] as const)
  return { code, output, scenarios: Object.fromEntries(scenarios) }
}

async function answer({ visit }: AuthorizationRun, url: URL): Promise<void> {
  const back = await visit(url)
  if (back !== undefined) await (await fetch(back)).arrayBuffer()
}
