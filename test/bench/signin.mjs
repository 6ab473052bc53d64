// What signing in costs: complete sign-ins (authorization request, sign-in page, password, consent, code, tokens) with several at
// once; what a flood of wrong passwords does to everybody else, while /healthz is asked every 25 ms; and password checks on the
// thread pool beside the same on the event loop. `npm run bench:signin [-- --rounds 3 --sign-ins 32 --at-once 8 --flood 100 --json]`
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ask, fieldsOf } from './signin/browser.mjs'
import { begin, register, signIn } from './signin/complete.mjs'
import { measurePasswords } from './signin/passwords.mjs'
import { BenchServer } from './signin/server.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    'sign-ins': { type: 'string', default: '32' },
    'at-once': { type: 'string', default: '8' },
    flood: { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
  },
})
const [signIns, atOnce, flooding] = ['sign-ins', 'at-once', 'flood'].map((name) => Number(values[name]))
const goals = { loopDelayP99: 100, extraMegabytes: 300 }
const passwordChecks = 8

const rounds = []
for (let round = 0; round < Number(values.rounds); round += 1) {
  rounds.push({ ...(await measureServer()), ...(await measurePasswords(passwordChecks)) })
}
const medians = Object.fromEntries(
  Object.keys(rounds[0]).map((name) => [name, median(rounds.map((each) => each[name]))]),
)
const result = {
  ...{ rounds: rounds.length, signIns, atOnce, flooding, ...medians },
  poolToLoopRate: ratio(medians.poolPerSecond, medians.loopPerSecond),
  loopToPoolDelay: ratio(medians.loopLoopP99, medians.poolLoopP99),
  goals,
}
if (values.json) console.log(JSON.stringify(result))
else {
  console.table([
    row(`complete sign-ins per second, ${atOnce} at once`, result.perSecond),
    row('one complete sign-in, p50 (ms)', result.p50),
    row('one complete sign-in, p95 (ms)', result.p95),
    row('event loop delay p99, idle (ms)', result.idleLoopP99),
    row('event loop delay p99, meanwhile (ms)', result.signInLoopP99, goals.loopDelayP99),
    row(`event loop delay p99, ${flooding} wrong passwords at once (ms)`, result.floodLoopP99, goals.loopDelayP99),
    row('/healthz p99, idle (ms)', result.idleHealthP99),
    row('/healthz p99, the same flood (ms)', result.floodHealthP99),
    row('memory above idle, highest (MB)', result.extraMegabytes, goals.extraMegabytes),
    row('of the flood: passwords looked at', result.evaluated),
    row('of the flood: told to come back (429)', result.deferred),
    row('of the flood: answered otherwise, in the worst round', Math.max(...rounds.map(({ failed }) => failed)), 0),
    row('of the flood: seconds until the last answer', result.floodSeconds),
    row('password checks per second, thread pool', result.poolPerSecond),
    row('password checks per second, event loop', result.loopPerSecond),
    row('thread pool / event loop, checks per second', result.poolToLoopRate),
    row('event loop delay p99, checks on the thread pool (ms)', result.poolLoopP99),
    row('event loop delay p99, checks on the event loop (ms)', result.loopLoopP99),
    row('event loop / thread pool, delay', result.loopToPoolDelay),
  ])
}

async function measureServer() {
  const server = await BenchServer.start()
  try {
    await server.loopDelay()
    const idleHealthP99 = await healthDuring(server.origin, pause(2_000))
    const { p99: idleLoopP99 } = await server.loopDelay()
    return { idleHealthP99, idleLoopP99, ...(await measureSignIns(server)), ...(await measureFlood(server)) }
  } finally {
    await server.stop()
  }
}

/** Each from an address of its own, so that no limit on callers is met. */
async function measureSignIns(server) {
  const { origin } = server
  const account = await server.account()
  const clients = []
  for (let index = 0; index < signIns; index += 1) {
    const address = `127.0.2.${index + 1}`
    clients.push({ account, address, clientId: await register(origin, address) })
  }
  await signIn(origin, { ...clients[0], address: '127.0.3.1' })
  await server.loopDelay()
  const taken = []
  const startedAt = performance.now()
  const waiting = [...clients]
  const worker = async () => {
    for (let client = waiting.pop(); client !== undefined; client = waiting.pop()) {
      const begunAt = performance.now()
      await signIn(origin, client)
      taken.push(performance.now() - begunAt)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const seconds = (performance.now() - startedAt) / 1000
  const { p99: signInLoopP99 } = await server.loopDelay()
  const perSecond = Number((signIns / seconds).toFixed(2))
  return { perSecond, p50: percentile(taken, 0.5), p95: percentile(taken, 0.95), signInLoopP99 }
}

/** Wrong passwords for accounts that do not exist: the same work as for some that do. */
async function measureFlood(server) {
  const { origin } = server
  const forms = []
  for (let index = 0; index < flooding; index += 1) {
    const address = `127.0.1.${index + 1}`
    forms.push(await begin(origin, { address, clientId: await register(origin, address) }))
  }
  const idle = await server.megabytes('VmRSS')
  await server.loopDelay()
  const startedAt = performance.now()
  const flood = Promise.all(forms.map(submit))
  const floodHealthP99 = await healthDuring(origin, flood)
  const statuses = await flood
  const floodSeconds = Number(((performance.now() - startedAt) / 1000).toFixed(2))
  const { p99: floodLoopP99 } = await server.loopDelay()
  return {
    ...{ floodHealthP99, floodLoopP99, floodSeconds },
    extraMegabytes: (await server.megabytes('VmHWM')) - idle,
    evaluated: statuses.filter((status) => status === 401).length,
    deferred: statuses.filter((status) => status === 429).length,
    failed: statuses.filter((status) => status !== 401 && status !== 429).length,
  }
}

async function submit({ address, jar, page }, index) {
  const wrong = { tenant: 'acme-corp', email: `nobody${index}@example.test`, password: 'wrong', action: 'sign-in' }
  return (await ask(page.url, { address, jar, form: { ...fieldsOf(page), ...wrong } })).status
}

/** The 99th percentile of answers of /healthz while `work` goes on, in milliseconds. */
async function healthDuring(origin, work) {
  let going = true
  void work.finally(() => (going = false))
  const taken = []
  while (going) {
    const startedAt = performance.now()
    await ask(`${origin}/healthz`, { address: '127.0.0.1', jar: new Map() })
    taken.push(performance.now() - startedAt)
    await pause(25)
  }
  return percentile(taken, 0.99)
}

function percentile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(2))
}

function median(numbers) {
  return percentile(numbers, 0.5)
}

function ratio(one, other) {
  return Number((one / other).toFixed(2))
}

function row(what, value, goal = '') {
  return { what, median: value, goal }
}
