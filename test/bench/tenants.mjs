// What a tenant that floods the server does to another: calls of one user of globex, one after the other, at rest and while acme
// keeps many calls running. `npm run bench:tenants [-- --calls 300 --at-once 200 --json]`
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { ready } from './ready.mjs'

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '300' },
    'at-once': { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
  },
})
const [calls, atOnce] = [Number(values.calls), Number(values['at-once'])]
/** Fewer than one user may have. */
const sessions = 10

class Client {
  #send
  #id = 0

  static async open(agent, url, bearer) {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${bearer}`,
    }
    const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } }
    const opened = await post(url, { agent, headers }, { jsonrpc: '2.0', id: 0, method: 'initialize', params: hello })
    if (opened.status !== 200) throw new TypeError(`no session: ${opened.status}`)
    return new Client((body) => post(url, { agent, headers: { ...headers, 'mcp-session-id': opened.session } }, body))
  }

  constructor(send) {
    this.#send = send
  }

  call() {
    const params = { name: 'hello', arguments: {} }
    return this.#send({ jsonrpc: '2.0', id: (this.#id += 1), method: 'tools/call', params })
  }
}

const result = await measure()
if (values.json) console.log(JSON.stringify(result))
else {
  console.table([
    { what: `globex at rest, ${calls} calls`, ...result.rest },
    { what: `globex while acme floods, ${atOnce} at once`, ...result.flooded },
  ])
  console.table([{ what: 'acme meanwhile', ...result.flood }])
}

async function measure() {
  const home = await mkdtemp(join(tmpdir(), 'authsec-bench-'))
  const env = { ...process.env, PORT: '0', AUTHSEC_HOME: home, AUTHSEC_LOG_LEVEL: 'error' }
  const child = spawn(process.execPath, ['samples/quickstart/dist/main.js'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const agent = new http.Agent({ keepAlive: true })
  try {
    const url = await ready(child)
    const [acme, globex] = [await token(env, 'john@company.com'), await token(env, 'eve@globex.test')]
    const other = await Client.open(agent, url, globex)
    for (let call = 0; call < 50; call += 1) await other.call()
    const rest = await series(other)
    const clients = []
    for (let index = 0; index < sessions; index += 1) clients.push(await Client.open(agent, url, acme))
    const flood = { answered: 0, refused: 0, failed: 0 }
    let flooding = true
    const flooders = Array.from({ length: atOnce }, async (_, index) => {
      const client = clients[index % sessions]
      while (flooding) {
        const { status } = await client.call()
        if (status === 200) flood.answered += 1
        else if (status === 503 || status === 429) flood.refused += 1
        else flood.failed += 1
      }
    })
    const flooded = await series(other)
    flooding = false
    await Promise.all(flooders)
    return { calls, atOnce, rest, flooded, flood }
  } finally {
    agent.destroy()
    child.kill('SIGTERM')
    await once(child, 'exit')
    await rm(home, { recursive: true, force: true, maxRetries: 20 })
  }
}

async function series(client) {
  const times = []
  let failed = 0
  for (let call = 0; call < calls; call += 1) {
    const startedAt = performance.now()
    if ((await client.call()).status !== 200) failed += 1
    times.push(performance.now() - startedAt)
  }
  times.sort((a, b) => a - b)
  const at = (share) => Number(times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1))
  return { failed, 'p50 (ms)': at(0.5), 'p99 (ms)': at(0.99) }
}

async function token(env, user) {
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/cli/main.js', 'token', '--user', user], { env })
  return stdout.trim()
}

function post(url, options, message) {
  return new Promise((resolve) => {
    const request = http.request(url, { ...options, method: 'POST' }, (response) => {
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode, session: response.headers['mcp-session-id'] }))
    })
    request.on('error', () => resolve({ status: 0, session: undefined }))
    request.end(JSON.stringify(message))
  })
}
