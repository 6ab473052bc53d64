// What a credential adds to a call of a service: one that is in memory, and one that has to be read from the local store or from
// Vault; and how often 50 calls at once read it. `npm run bench:credential [-- --rounds 7 --calls 200 --json]`
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createFetcher } from '../../dist/adapter/net/create-fetcher.js'
import { openVault } from '../../dist/adapter/vault/open-vault.js'
import { MasterKey } from '../../dist/core/credential/master-key.js'
import { Secret } from '../../dist/core/credential/secret.js'
import { readServiceOptions } from '../../dist/core/external-service/read-service-options.js'
import { StoredCredentialReader } from '../../dist/core/external-service/reader/credential-reader.js'
import { ServiceAccess } from '../../dist/core/external-service/service-access.js'
import { ServiceDesk } from '../../dist/core/external-service/service-desk.js'
import { UserContext } from '../../dist/core/identity/user-context.js'
import { grantsOf } from '../../dist/core/permission/grants.js'
import { holdingOfAll } from '../../dist/core/permission/holding.js'
import { openCluster } from './data/cluster.mjs'
import { median, percentile, timeEach } from './data/timing.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    calls: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
  },
})
const [rounds, calls] = [Number(values.rounds), Number(values.calls)]
const atOnce = 50
const issuer = 'https://mcp.example/mcp/oauth'
const name = 'Repositories'
const silent = { write() {} }

const neighbours = spawn(process.execPath, [fileURLToPath(new URL('credential/neighbours.mjs', import.meta.url))], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const [line] = await once(createInterface({ input: neighbours.stdout }), 'line')
const at = JSON.parse(line)
const cluster = await openCluster(tmpdir())
const postgres = await cluster.open(issuer)
const vault = await openVault({
  address: at.vault,
  login: { method: 'token', token: new Secret('hvs.benchmark') },
  plainHttp: 'loopback',
  log: silent,
})
try {
  const tenant = await postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  const keys = [MasterKey.generate()]
  const local = postgres.localVault.open(async () => keys)
  const stores = { 'local store': local, Vault: vault.credentials }
  await provide(tenant, Object.values(stores))
  const fetcher = createFetcher({ mostUrlCharacters: 16_384, atOnce: 64 })
  const caller = callerOf(tenant)
  const ask = { url: `${at.service}/user/repos`, headers: { authorization: 'Bearer x' }, reach: 'private' }
  const ways = {
    'no credential, the request alone': () => () => fetcher.fetch(ask),
    'credential in memory': () => through(new StoredCredentialReader(local)),
    ...Object.fromEntries(
      Object.entries(stores).map(([place, store]) => [
        `credential read from the ${place}`.replace('the Vault', 'Vault'),
        () => () => through(new StoredCredentialReader(store))(),
      ]),
    ),
  }
  const taken = new Map(Object.keys(ways).map((way) => [way, []]))
  for (let round = -1; round < rounds; round += 1) {
    for (const [way, prepare] of Object.entries(ways)) {
      const action = prepare()
      await action()
      const milliseconds = await timeEach(calls, 1, action)
      // The first round is for the compiler.
      if (round >= 0) taken.get(way).push([percentile(milliseconds, 0.5), percentile(milliseconds, 0.95)])
    }
  }
  const [[, base]] = taken
  const rows = [...taken].map(([way, measured]) => ({
    way,
    p50: median(measured.map(([p50]) => p50)),
    p95: median(measured.map(([, p95]) => p95)),
    added: median(measured.map(([p50], round) => p50 - base[round][0])),
  }))
  const reads = {}
  for (const [place, store] of Object.entries(stores)) reads[place] = await readsOf(store)
  report(rows, reads)

  function through(credentials) {
    const access = accessFor(caller, { services: postgres.services, credentials, fetcher, audit: postgres.audit })
    return async () => {
      const answer = await access.fetch(name, '/user/repos')
      if (answer.status !== 200) throw new Error(`the service answered ${answer.status}`)
    }
  }

  async function readsOf(store) {
    let count = 0
    const counted = {
      read: (...wanted) => {
        count += 1
        return store.read(...wanted)
      },
    }
    const action = through(new StoredCredentialReader(counted))
    await Promise.all(Array.from({ length: atOnce }, action))
    return count
  }

  async function provide(owner, places) {
    const options = { url: at.service, auth: { type: 'bearer_token' }, requirement: {}, network: 'private' }
    const wish = { presence: 'new', name, settings: readServiceOptions(options) }
    const { faults } = await postgres.services.apply(owner, wish, 'cli:bench')
    if (faults.length > 0) throw new Error(JSON.stringify(faults))
    const found = await postgres.services.find(owner, name)
    const place = { tenant: owner, service: found.id, account: undefined }
    for (const store of places) await store.write(place, { access_token: 'benchmark' }, 0)
    await postgres.services.activate(owner, { service: found, version: 1 }, 'cli:bench')
  }
} finally {
  await vault.close()
  await postgres.close()
  await cluster.close()
  neighbours.kill()
}

function accessFor(caller, ports) {
  const visit = {
    caller,
    current: async () => caller,
    operation: 'list_repositories',
    services: [name],
    requestId: randomUUID(),
  }
  const desk = new ServiceDesk(ports)
  return new ServiceAccess({ desk, visit, signal: new AbortController().signal, handedOut() {} })
}

function callerOf(tenant) {
  const holding = holdingOfAll(grantsOf({}))
  const subject = randomUUID()
  return {
    user: new UserContext({ subject, email: 'ada@example.test', tenantId: tenant.slug, grants: holding.effective }),
    ...{ tenant, issuer, tenantClaim: tenant.slug, clientId: 'bench', grantDigest: 'bench', holding },
    ...{ expiresAt: Math.floor(Date.now() / 1_000) + 3_600, credential: { kind: 'bearer', issuedAt: 0 } },
    ...{ policyVersion: 'bench', readAt: performance.now() },
  }
}

function report(rows, reads) {
  if (values.json) return console.log(JSON.stringify({ rows, reads, atOnce, rounds, calls }))
  console.log(
    `milliseconds of a call of a service on this computer, medians of ${rounds} rounds of ${calls} calls, one after the other`,
  )
  console.table(rows.map((row) => ({ ...row, ...shown(row) })))
  console.log(
    `reads of the store for ${atOnce} calls at once: ${Object.entries(reads)
      .map((read) => read.join(' '))
      .join(', ')}`,
  )
}

function shown({ added, p50, p95 }) {
  return { p50: p50.toFixed(2), p95: p95.toFixed(2), added: added.toFixed(2) }
}
