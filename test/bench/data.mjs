// What the databases of many tenants and many sessions cost, on a PostgreSQL of its own.
// `npm run bench:data [-- --rounds 3 --tenants 200 --sessions 100000 --expired 50000 --folder /tmp --json]`
import { createHash } from 'node:crypto'
import { loadavg, tmpdir } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { ageTenants, countMigrated, openCluster, tokensOf } from './data/cluster.mjs'
import { killServers, startServer } from './data/server.mjs'
import { median, percentile, seconds, timeDuring, timeEach } from './data/timing.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    tenants: { type: 'string', default: '200' },
    sessions: { type: 'string', default: '100000' },
    expired: { type: 'string', default: '50000' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
  },
})
const [rounds, tenantCount, sessionCount, expiredCount] = [
  values.rounds,
  values.tenants,
  values.sessions,
  values.expired,
].map(Number)
const goals = {
  lookUpP99: 10,
  coldTenantP99: 100,
  migrateSeconds: 60,
  heldMegabytes: 250,
  sweptLookUpP99: 100,
  sweptCallP99: 100,
  mostConnections: 60,
}
const atOnce = 8
const liveSessions = 2_000
const coldTenants = 40
const callsPerTenant = 10
const turnsAtOnce = 24
const port = 20_000 + Math.floor(Math.random() * 10_000)
const origin = `http://127.0.0.1:${port}`

const [loadBefore] = loadavg()
const cluster = await openCluster(values.folder)
let result
try {
  result = await measure()
} finally {
  killServers()
  await cluster.close()
}
report(result)

async function measure() {
  const { tokens, ...migration } = await using(async (postgres) => {
    const { tenants, ...measured } = await measureMigration(postgres)
    await postgres.applications.register({ clientId: 'bench', name: 'Bench', tenant: tenants[0], admits: 'any' })
    const target = { tenants, issuer: `${origin}/oauth`, audience: `${origin}/mcp/oauth` }
    return { ...measured, tokens: await tokensOf(postgres, target) }
  })
  const cold = await repeat(() => measureColdTenants(tokens))
  const crowd = await measureCrowd(tokens)
  const memory = await measureMemory()
  const stored = await using(async (postgres) => ({
    ...(await repeat((round) => measureLookUps(postgres, round))),
    ...(await repeat(() => measureSweep(postgres, tokens[0]))),
  }))
  return { ...migration, ...cold, ...crowd, ...memory, ...stored }
}

/** What is open here would count as connections of the server, so it is open only while it is used. */
async function using(action) {
  const postgres = await cluster.open(`${origin}/oauth`)
  try {
    return await action(postgres)
  } finally {
    await postgres.close()
  }
}

/** The median of each figure over all rounds. */
async function repeat(action) {
  const results = []
  for (let round = 0; round < rounds; round += 1) results.push(await action(round))
  return Object.fromEntries(Object.keys(results[0]).map((name) => [name, median(results.map((each) => each[name]))]))
}

/** Tenants with the schema of before an upgrade, and the upgrade, as `authsec migrate` makes it. */
async function measureMigration({ migrations, provisioner }) {
  const { value: tenants, seconds: createSeconds } = await seconds(async () => {
    const made = []
    for (let n = 0; n < tenantCount; n += 1) {
      made.push(await provisioner.createTenant({ slug: `bench-${n}`, name: `Bench ${n}` }))
    }
    return made
  })
  await ageTenants(cluster)
  if ((await countMigrated(cluster)) > 0) throw new Error('there is nothing to migrate')
  const { seconds: migrateSeconds } = await seconds(() => migrations.migrate())
  if ((await countMigrated(cluster)) !== tenantCount) throw new Error('a tenant was left out')
  return { tenants, createSeconds, migrateSeconds }
}

/** The first request of a tenant that a process, which serves others, has never heard of. */
async function measureColdTenants(tokens) {
  const server = await startServer(cluster, port)
  const [first, ...others] = tokens
  for (let times = 0; times < 20; times += 1) await server.open(first)
  const cold = await timeEach(Math.min(coldTenants, others.length), 1, (index) => server.open(others[index]))
  const warm = await timeEach(cold.length, 1, (index) => server.open(others[index]))
  await server.stop()
  return { coldTenantMedian: median(cold), coldTenantP99: percentile(cold, 0.99), warmTenantMedian: median(warm) }
}

/** Every tenant in use: some calls at any time, then one of each tenant at the same instant. */
async function measureCrowd(tokens) {
  const server = await startServer(cluster, port)
  const sessions = []
  await timeEach(tokens.length, atOnce, async (index) => (sessions[index] = await server.open(tokens[index])))
  let failed = 0
  const call = (index) => {
    const who = index % tokens.length
    return callHello(server, tokens[who], sessions[who]).catch(() => (failed += 1))
  }
  const watcher = await watchConnections()
  const openedBefore = await connectionsOpened()
  const turns = await timeEach(tokens.length * callsPerTenant, turnsAtOnce, call)
  const turnsFailed = failed
  const connectionsPerCall = ((await connectionsOpened()) - openedBefore) / turns.length
  const rush = await timeEach(tokens.length, tokens.length, call)
  const mostConnections = await watcher.stop()
  await server.stop()
  return {
    ...{ connectionsPerCall, mostConnections, turnsFailed, rushFailed: failed - turnsFailed },
    ...{ turnsP50: percentile(turns, 0.5), turnsP99: percentile(turns, 0.99) },
    ...{ rushP50: percentile(rush, 0.5), rushP99: percentile(rush, 0.99) },
  }
}

/** A server that has all sessions in its store, then some of them in memory. */
async function measureMemory() {
  const server = await startServer(cluster, port)
  const own = []
  for (let n = 0; n < 20; n += 1) own.push(await server.open())
  const use = () => timeEach(2_000, atOnce, (index) => server.ask('ping', { session: own[index % own.length] }))
  await use()
  const empty = await server.memory()
  await insertSessions(sessionCount)
  await use()
  const held = await server.memory()
  await timeEach(liveSessions, atOnce, (index) => server.open(undefined, `127.0.2.${1 + (index % 200)}`))
  const live = await server.memory()
  await server.stop()
  return {
    emptyMegabytes: empty.resident / 2 ** 20,
    heldMegabytes: held.resident / 2 ** 20,
    liveKilobytes: (live.heap - held.heap) / 1_024 / liveSessions,
    liveMegabytes: live.resident / 2 ** 20,
  }
}

async function measureLookUps({ sessions }, round) {
  const count = Math.min(10_000, sessionCount)
  const taken = await timeEach(count, atOnce, (index) => lookUp(sessions, index * (round + 3)))
  return { lookUpP50: percentile(taken, 0.5), lookUpP99: percentile(taken, 0.99) }
}

async function measureSweep(postgres, token) {
  await insertSessions(expiredCount, 'expired', `interval '31 minutes'`)
  const server = await startServer(cluster, port)
  const session = await server.open(token)
  const { value, seconds: sweepSeconds } = await seconds(async () => {
    const swept = postgres.sweep()
    const [lookUps, calls] = await Promise.all([
      timeDuring(swept, atOnce, (index) => lookUp(postgres.sessions, index)),
      timeDuring(swept, 2, () => callHello(server, token, session)),
    ])
    return { lookUps, calls, swept: await swept }
  })
  await server.stop()
  if (value.swept < expiredCount) throw new Error(`only ${value.swept} sessions were swept`)
  const [sweptLookUpP99, sweptCallP99] = [value.lookUps, value.calls].map((taken) => percentile(taken, 0.99))
  return { sweepSeconds, sweptLookUpP99, sweptCallP99 }
}

async function callHello(server, token, session) {
  return server.ask('tools/call', { token, session, params: { name: 'hello', arguments: {} } })
}

async function lookUp(sessions, index) {
  const id = `standing-${1 + (index % sessionCount)}`
  const found = await sessions.find(createHash('sha256').update(id).digest('base64url'))
  if (found === undefined) throw new Error(`${id} is lost`)
}

/** Sessions as clients without a bearer open them, used so long ago. */
async function insertSessions(count, prefix = 'standing', unused = `interval '0'`) {
  await cluster.sql(
    `insert into transport_session
       (digest, application, endpoint, client_name, client_version, capabilities, protocol_version, used_at, expires_at)
     select translate(rtrim(encode(sha256(convert_to($2 || '-' || n, 'UTF8')), 'base64'), '='), '+/', '-_'),
       'bench', '/mcp', 'bench', '1.0.0', '{}', '2025-11-25', now() - ${unused}, now() + interval '12 hours'
     from generate_series(1, $1::int) as n`,
    [count, prefix],
  )
}

/** How many connections to tenants' databases were ever opened. */
async function connectionsOpened() {
  const [row] = await cluster.sql(
    `select sum(sessions)::int as opened from pg_stat_database where datname ~ '^tenant_'`,
  )
  return row.opened
}

/** The most connections that a server, alone, has at any time, its listener included: the watcher's own is to another database. */
async function watchConnections() {
  const client = new pg.Client({ ...cluster.connection, database: 'postgres' })
  await client.connect()
  let [going, most] = [true, 0]
  const watch = async () => {
    while (going) {
      const { rows } = await client.query(`
        select count(*)::int as connections from pg_stat_activity
        where backend_type = 'client backend' and datname <> 'postgres'
      `)
      most = Math.max(most, rows[0].connections)
      await pause(20)
    }
  }
  const watching = watch()
  return {
    async stop() {
      going = false
      await watching
      await client.end()
      return most
    },
  }
}

function report(measured) {
  const rounded = Object.fromEntries(
    Object.entries(measured).map(([name, value]) => [name, Number(value.toPrecision(3))]),
  )
  const facts = {
    rounds,
    tenants: tenantCount,
    sessions: sessionCount,
    expired: expiredCount,
    folder: values.folder,
    loadBefore,
  }
  const missed = Object.keys(goals).filter((name) => !(measured[name] <= goals[name]))
  if (values.json) return console.log(JSON.stringify({ ...facts, ...rounded, goals, missed }))
  console.log(`PostgreSQL in ${values.folder}; load of the machine before: ${loadBefore.toFixed(1)}`)
  const row = (what, name) => ({
    what,
    measured: rounded[name],
    goal: goals[name] ?? '',
    verdict: goals[name] === undefined ? '' : missed.includes(name) ? 'missed' : 'met',
  })
  console.table([
    row(`session look-up among ${sessionCount}, p50 (ms)`, 'lookUpP50'),
    row(`session look-up among ${sessionCount}, p99 (ms)`, 'lookUpP99'),
    row('first request of a tenant, median (ms)', 'coldTenantMedian'),
    row('first request of a tenant, p99 (ms)', 'coldTenantP99'),
    row('the same request again, median (ms)', 'warmTenantMedian'),
    row(`${tenantCount} tenants created, one after the other (s)`, 'createSeconds'),
    row(`${tenantCount} tenants migrated (s)`, 'migrateSeconds'),
    row('memory of a server, no sessions stored (MB)', 'emptyMegabytes'),
    row(`memory of a server, ${sessionCount} sessions stored (MB)`, 'heldMegabytes'),
    row(`the same with ${liveSessions} more, in use (MB)`, 'liveMegabytes'),
    row(`memory of each session in use (KB)`, 'liveKilobytes'),
    row(`${expiredCount} expired sessions swept (s)`, 'sweepSeconds'),
    row('session look-up meanwhile, p99 (ms)', 'sweptLookUpP99'),
    row('protected call meanwhile, p99 (ms)', 'sweptCallP99'),
    row(`${tenantCount} tenants in use, most connections`, 'mostConnections'),
    row(`${turnsAtOnce} calls at once to ${tenantCount} tenants, p50 (ms)`, 'turnsP50'),
    row(`${turnsAtOnce} calls at once to ${tenantCount} tenants, p99 (ms)`, 'turnsP99'),
    row(`… that failed, of ${tenantCount * callsPerTenant}`, 'turnsFailed'),
    row('… connections opened for each', 'connectionsPerCall'),
    row(`one call to each of ${tenantCount} at the same instant, p50 (ms)`, 'rushP50'),
    row(`one call to each of ${tenantCount} at the same instant, p99 (ms)`, 'rushP99'),
    row(`… that failed, of ${tenantCount}`, 'rushFailed'),
  ])
}
