// Sends bad tokens at a steady pace and says what became of them: `node token-flood.mjs URL GOOD_TOKEN PER_SECOND SECONDS`
import { randomBytes, randomUUID } from 'node:crypto'
import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const [url, good, perSecond, seconds] = [
  process.argv[2],
  process.argv[3],
  Number(process.argv[4]),
  Number(process.argv[5]),
]
const [header, claims] = good.split('.')
const agent = new http.Agent({ keepAlive: true, maxSockets: 32 })
const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
const tick = 10
const mostOpen = 2_000

/** From what costs nothing to what costs a signature. */
const kinds = {
  garbage: () => text(300),
  'another audience': () => [header, changed(claims, { aud: 'https://other.example' }), text(64)].join('.'),
  expired: () => [header, changed(claims, { exp: 1, iat: 0 }), text(64)].join('.'),
  'unknown key': () => [changed(header, { kid: randomUUID() }), claims, text(64)].join('.'),
  'forged signature': () => [header, claims, text(64)].join('.'),
  'another user, forged': () => [header, changed(claims, { sub: randomUUID() }), text(64)].join('.'),
}
const names = Object.keys(kinds)
const report = Object.fromEntries(names.map((name) => [name, { sent: 0, refused: 0, accepted: 0, other: 0 }]))
let open = 0
let skipped = 0
let stopped = false
process.once('SIGTERM', () => (stopped = true))

const startedAt = performance.now()
let due = 0
while (!stopped && performance.now() - startedAt < seconds * 1000) {
  const target = Math.floor(((performance.now() - startedAt) * perSecond) / 1000)
  for (; due < target; due += 1) {
    if (open < mostOpen) send(names[due % names.length])
    else skipped += 1
  }
  await pause(tick)
}
const lasted = (performance.now() - startedAt) / 1000
const deadline = performance.now() + 5_000
while (open > 0 && performance.now() < deadline) await pause(tick)
agent.destroy()
const sent = names.reduce((sum, name) => sum + report[name].sent, 0)
console.log(JSON.stringify({ total: { sent, skipped, 'a second': Math.round(sent / lasted) }, ...report }))

function send(name) {
  open += 1
  report[name].sent += 1
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${kinds[name]()}`,
  }
  const settle = (outcome) => {
    open -= 1
    report[name][outcome] += 1
  }
  const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
    response.resume()
    response.on('end', () =>
      settle(response.statusCode === 401 ? 'refused' : response.statusCode === 200 ? 'accepted' : 'other'),
    )
  })
  request.on('error', () => settle('other'))
  request.end(body)
}

function changed(part, members) {
  const value = { ...JSON.parse(Buffer.from(part, 'base64url').toString()), ...members }
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function text(bytes) {
  return randomBytes(bytes).toString('base64url')
}
