// Calls of a real MCP server over HTTP, at a steady pace or as many as it answers.
import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const params = { name: 'hello', arguments: {} }
let lastId = 0

/** A user with a session of their own. */
export async function openCaller({ token, url }) {
  const agent = new http.Agent({ keepAlive: true })
  const opening = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } }
  const message = { jsonrpc: '2.0', id: 'open', method: 'initialize', params: opening }
  const { session, status } = await post({ agent, token, url }, message)
  if (status !== 200) throw new TypeError(`no session: ${status}`)
  return { agent, url, token, session, close: () => agent.destroy() }
}

/** Calls go out at their time, whether the one before has come back or not; answers with what each took and how many failed. */
export async function steadily(caller, { perSecond, seconds }) {
  const load = { times: [], failed: 0 }
  const calls = []
  const startedAt = performance.now()
  for (let n = 0; n < perSecond * seconds; n += 1) {
    await pause(Math.max(0, startedAt + (n * 1000) / perSecond - performance.now()))
    calls.push(call(caller, load))
  }
  await Promise.all(calls)
  load.times.sort((one, other) => one - other)
  return load
}

/** So many at once, the next as soon as one is answered. */
export async function ceaselessly(caller, { atOnce, seconds }) {
  const load = { times: [], failed: 0 }
  const startedAt = performance.now()
  const lane = async () => {
    while (performance.now() - startedAt < seconds * 1000) await call(caller, load)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return { ...load, seconds: (performance.now() - startedAt) / 1000 }
}

async function call(caller, load) {
  const sentAt = performance.now()
  const { status } = await post(caller, { jsonrpc: '2.0', id: (lastId += 1), method: 'tools/call', params })
  load.times.push(performance.now() - sentAt)
  if (status !== 200) load.failed += 1
}

function post({ agent, session, token, url }, message) {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${token}`,
    ...(session === undefined ? {} : { 'mcp-session-id': session }),
  }
  return new Promise((resolve) => {
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode, session: response.headers['mcp-session-id'] }))
    })
    request.on('error', () => resolve({ status: 0 }))
    request.end(JSON.stringify(message))
  })
}
