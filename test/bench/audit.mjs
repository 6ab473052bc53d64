// What the audit trail costs a call: two servers on one database, one of which puts nothing on record, at a steady pace and as fast as
// each answers. `npm run bench:audit [-- --rounds 5 --seconds 8 --pace 100 --at-once 64 --json]`
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import pg from 'pg'
import { attachEmbeddedPostgres } from '../../dist/adapter/postgres/embedded/embedded-postgres.js'
import { median, percentile } from './data/timing.mjs'
import { ceaselessly, openCaller, steadily } from './mcp-load.mjs'
import { ready } from './ready.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '8' },
    pace: { type: 'string', default: '100' },
    'at-once': { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
  },
})
const [rounds, seconds, perSecond, atOnce] = ['rounds', 'seconds', 'pace', 'at-once'].map((name) =>
  Number(values[name]),
)
const goal = { 'added p50 (ms)': 1, 'added p95 (ms)': 5, 'calls a second': 800 }
const user = 'john@company.com'

const home = await mkdtemp(join(tmpdir(), 'authsec-bench-'))
const env = { ...process.env, PORT: '0', AUTHSEC_HOME: home, AUTHSEC_LOG_LEVEL: 'error' }
const children = []
try {
  const strict = await start([])
  const off = await start(['--import', fileURLToPath(new URL('audit/without-audit.mjs', import.meta.url))])
  const servers = { strict, off }
  let sent = 0
  for (const server of Object.values(servers)) await steadily(server, { perSecond, seconds: 3 })
  sent += perSecond * 3
  const paced = { strict: [], off: [] }
  const fast = { strict: [], off: [] }
  let failed = 0
  for (let round = 0; round < rounds; round += 1) {
    // Neither is always the first.
    const order = round % 2 === 0 ? ['strict', 'off'] : ['off', 'strict']
    for (const name of order) {
      const load = await steadily(servers[name], { perSecond, seconds })
      paced[name].push({ p50: percentile(load.times, 0.5), p95: percentile(load.times, 0.95) })
      failed += load.failed
      if (name === 'strict') sent += load.times.length
    }
    for (const name of order) {
      const load = await ceaselessly(servers[name], { atOnce, seconds })
      fast[name].push(load.times.length / load.seconds)
      failed += load.failed
      if (name === 'strict') sent += load.times.length
    }
  }
  const onRecord = await countRows(sent)
  const added = (share) => median(paced.strict.map((one, round) => one[share] - paced.off[round][share]))
  const rows = ['off', 'strict'].map((name) => ({
    audit: name,
    'p50 (ms)': rounded(median(paced[name].map(({ p50 }) => p50))),
    'p95 (ms)': rounded(median(paced[name].map(({ p95 }) => p95))),
    'calls a second': Math.round(median(fast[name])),
  }))
  const result = {
    rows,
    'added p50 (ms)': rounded(added('p50')),
    'added p95 (ms)': rounded(added('p95')),
    'calls a second': rows[1]['calls a second'],
    'calls a second (ratio)': rounded(median(fast.strict.map((one, round) => one / fast.off[round]))),
    failed,
    calls: sent,
    ...onRecord,
    exact: failed === 0 && onRecord.intents === sent && onRecord.outcomes === sent,
    goal,
  }
  if (values.json) console.log(JSON.stringify(result))
  else {
    console.log(
      `tools/call over HTTP: ${perSecond} a second, then ${atOnce} at once; medians of ${rounds} rounds of ${seconds} s`,
    )
    console.table(rows)
    console.table(
      Object.fromEntries(Object.keys(goal).map((name) => [name, { measured: result[name], goal: goal[name] }])),
    )
    console.log(
      `on record: ${onRecord.intents} intents and ${onRecord.outcomes} outcomes of ${sent} calls, ${failed} failed`,
    )
  }
  if (!result.exact) process.exitCode = 1
} finally {
  for (const { caller, child } of children) {
    caller?.close()
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  await rm(home, { recursive: true, force: true, maxRetries: 20 })
}

async function start(flags) {
  const argv = [...flags, 'samples/quickstart/dist/main.js']
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const started = { child, caller: undefined }
  children.unshift(started)
  const url = await ready(child)
  const asking = ['dist/cli/main.js', 'token', '--user', user, '--audience', url]
  const { stdout } = await promisify(execFile)(process.execPath, asking, { env })
  started.caller = await openCaller({ url, token: stdout.trim() })
  return started.caller
}

/** The rows of the calls, once the last of them is written. */
async function countRows(expected) {
  const embedded = await attachEmbeddedPostgres({ home, log: { write() {} } })
  try {
    const databases = await query(embedded.connection, 'authsec', 'select database_name as name from tenant')
    let counted
    for (let attempt = 0; attempt < 50; attempt += 1) {
      counted = { intents: 0, outcomes: 0 }
      for (const { name } of databases) {
        const text = `select type, count(*)::int as rows from audit_event where type in ('operation.allowed', 'operation.outcome') group by type`
        for (const { rows, type } of await query(embedded.connection, name, text))
          counted[type === 'operation.allowed' ? 'intents' : 'outcomes'] += rows
      }
      if (counted.outcomes >= expected) break
      await pause(100)
    }
    return counted
  } finally {
    await embedded.close()
  }
}

async function query({ host, password, port, user: name }, database, text) {
  const client = new pg.Client({ host, port, user: name, password, database })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

function rounded(number) {
  return Number(number.toFixed(2))
}
