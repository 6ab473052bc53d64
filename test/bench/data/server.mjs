import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'

const protocolVersion = '2025-11-25'
const running = new Set()

/** A server in a process of its own, at a port that stays the same over restarts, so that tokens do too. */
export async function startServer({ env, home }, port) {
  const child = spawn(process.execPath, ['--expose-gc', 'test/support/data-server.mjs'], {
    env: {
      ...process.env,
      ...env,
      ...{ NODE_ENV: 'production', PORT: String(port), AUTHSEC_HOME: home, AUTHSEC_LOG_LEVEL: 'error' },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 256 })
  const origin = `http://127.0.0.1:${port}`
  await ready(child)
  return {
    origin,
    /** In bytes, after what nobody uses is collected: what its objects take, and what the process does. */
    memory: () => memoryOf(child),
    /** Opens a session, as `token` where there is one; answers with its id. */
    async open(token, address) {
      const clientInfo = { name: 'bench', version: '1.0.0' }
      const params = { protocolVersion, capabilities: {}, clientInfo }
      const answer = await post(`${origin}${pathOf(token)}`, { agent, token, address, method: 'initialize', params })
      const id = answer.headers['mcp-session-id']
      if (id === undefined) throw new Error(`no session: ${answer.status} ${answer.text}`)
      return id
    },
    /** Throws for every answer that is no result. */
    async ask(method, { token, session, params }) {
      const answer = await post(`${origin}${pathOf(token)}`, { agent, token, session, method, params })
      if (answer.status !== 200 || answer.text.includes('"error":')) {
        throw new Error(`${method}: ${answer.status} ${answer.text}`)
      }
      return answer.text
    },
    async stop() {
      agent.destroy()
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      running.delete(child)
    },
  }
}

/** For when something failed: ends what `startServer` has started and nobody has stopped. */
export function killServers() {
  for (const child of running) child.kill('SIGKILL')
}

function pathOf(token) {
  return token === undefined ? '/mcp' : '/mcp/oauth'
}

let requests = 0

function post(url, { agent, token, session, address, method, params }) {
  requests += 1
  const body = JSON.stringify({ jsonrpc: '2.0', id: requests, method, params })
  const headers = {
    ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(session === undefined ? {} : { 'mcp-session-id': session, 'mcp-protocol-version': protocolVersion }),
  }
  const from = address === undefined ? { agent } : { agent: false, localAddress: address }
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', headers, ...from }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }))
      answer.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

function ready(child) {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
      if (text.includes('AuthSec ready: ')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`the server exited with ${code}`)))
  })
}

function memoryOf(child) {
  return new Promise((resolve) => {
    let text = ''
    const listen = (chunk) => {
      text += chunk
      const [, found] = /^memory: (.*)\n/m.exec(text) ?? []
      if (found === undefined) return
      child.stdout.off('data', listen)
      resolve(JSON.parse(found))
    }
    child.stdout.on('data', listen)
    child.kill('SIGUSR2')
  })
}
