// What tokens cost: verifying one that is new and one that was seen before, by algorithm, beside what the library alone takes; and
// what a flood of bad tokens does to good traffic. `npm run bench:token [-- --rounds 5 --tokens 200 --bad 5000 --seconds 10 --json]`
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { createTokenVerifier } from '../../dist/adapter/token/create-token-verifier.js'
import { readIssuer } from '../../dist/core/trust/read-issuer-options.js'
import { percentile } from './data/timing.mjs'
import { openCaller, steadily } from './mcp-load.mjs'
import { ready } from './ready.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    tokens: { type: 'string', default: '200' },
    bad: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
})
const [rounds, count, badPerSecond, seconds] = ['rounds', 'tokens', 'bad', 'seconds'].map((name) =>
  Number(values[name]),
)
const algorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']
const resource = 'https://mcp.example/mcp'
const goodPerSecond = 100
const goal = { p95Milliseconds: 50 }

const verification = []
for (const algorithm of algorithms) verification.push(await measureVerification(algorithm))
const flood = await measureFlood()
if (values.json) console.log(JSON.stringify({ verification, flood, goal }))
else {
  console.log(`microseconds per token, medians of ${rounds} rounds of ${count} tokens, one after the other`)
  console.table(verification)
  console.log(
    `tools/call of a user at ${goodPerSecond} a second for ${seconds} s; goal under the flood: p95 < ${goal.p95Milliseconds} ms`,
  )
  console.table(flood.good)
  console.table(flood.bad)
}

/** One issuer with one key, read from memory: what is measured is the work on tokens alone. */
async function measureVerification(algorithm) {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const issuer = 'https://issuer.example'
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'key', alg: algorithm, use: 'sig' }] }
  const trusted = readIssuer(
    { issuer, audience: 'resource', tenant: { claim: 'tenant' }, algorithms: [algorithm], jwksUrl: `${issuer}/jwks` },
    'code',
  )
  const fetcher = { fetch: async () => ({ status: 200, headers: new Map(), body: Buffer.from(JSON.stringify(jwks)) }) }
  const book = { read: async () => ({ version: '1', issuers: [trusted] }) }
  const local = createLocalJWKSet(jwks)
  const policy = { issuer, audience: resource, algorithms: [algorithm], typ: 'at+jwt', requiredClaims: ['sub', 'exp'] }
  const taken = { library: [], cold: [], cached: [] }
  for (let round = 0; round < rounds; round += 1) {
    const tokens = await Promise.all(
      Array.from({ length: count }, (_, n) => signed({ algorithm, privateKey, issuer, n })),
    )
    const verifier = createTokenVerifier({ others: { book, fetcher }, clock: Date })
    await verifier.verify(await signed({ algorithm, privateKey, issuer, n: -1 }), resource)
    taken.library.push(await timed(tokens, (token) => jwtVerify(token, local, policy)))
    taken.cold.push(await timed(tokens, (token) => verifier.verify(token, resource)))
    taken.cached.push(await timed(tokens, (token) => verifier.verify(token, resource)))
  }
  const [library, cold, cached] = [taken.library, taken.cold, taken.cached].map(median)
  return {
    algorithm,
    library,
    cold,
    cached,
    'cold / library': ratio(cold, library),
    'cold / cached': ratio(cold, cached),
  }
}

function signed({ algorithm, issuer, n, privateKey }) {
  return new SignJWT({ tenant: 'acme', client_id: 'client', scope: 'read write', jti: String(n) })
    .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: 'key' })
    .setIssuer(issuer)
    .setAudience(resource)
    .setSubject(`user-${n}`)
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(privateKey)
}

async function timed(tokens, work) {
  const startedAt = performance.now()
  for (const token of tokens) await work(token)
  return ((performance.now() - startedAt) * 1000) / tokens.length
}

/** A server and its database, a user who calls at a steady pace, and another process that sends bad tokens. */
async function measureFlood() {
  const home = await mkdtemp(join(tmpdir(), 'authsec-bench-'))
  const env = { ...process.env, PORT: '0', AUTHSEC_HOME: home, AUTHSEC_LOG_LEVEL: 'error' }
  const stdio = ['ignore', 'pipe', 'inherit']
  const child = spawn(process.execPath, ['samples/quickstart/dist/main.js'], { env, stdio })
  let caller
  try {
    const url = await ready(child)
    const argv = ['dist/cli/main.js', 'token', '--user', 'john@company.com', '--audience', url]
    const token = (await promisify(execFile)(process.execPath, argv, { env })).stdout.trim()
    caller = await openCaller({ url, token })
    await traffic(caller, 3)
    const rest = await traffic(caller, seconds)
    const flooding = startFlood({ url, token })
    await pause(1000)
    const flooded = await traffic(caller, seconds)
    flooding.child.kill('SIGTERM')
    const bad = await flooding.report
    const after = await traffic(caller, 3)
    const good = [
      { when: 'at rest', ...rest },
      { when: `under ${badPerSecond} bad tokens a second`, ...flooded },
      { when: 'after it', ...after },
    ]
    return { good, bad }
  } finally {
    caller?.close()
    child.kill('SIGTERM')
    await once(child, 'exit')
    await rm(home, { recursive: true, force: true, maxRetries: 20 })
  }
}

function startFlood({ url, token }) {
  const script = fileURLToPath(new URL('token-flood.mjs', import.meta.url))
  const argv = [script, url, token, String(badPerSecond), String(seconds + 2)]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
  return { child, report: once(child, 'close').then(() => JSON.parse(output)) }
}

async function traffic(caller, duration) {
  const { failed, times } = await steadily(caller, { perSecond: goodPerSecond, seconds: duration })
  const at = (share) => Number(percentile(times, share).toFixed(1))
  return { calls: times.length, failed, 'p50 (ms)': at(0.5), 'p95 (ms)': at(0.95), 'p99 (ms)': at(0.99) }
}

function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other)
  return Number(sorted[Math.floor(sorted.length / 2)].toFixed(1))
}

function ratio(one, other) {
  return Number((one / other).toFixed(2))
}
