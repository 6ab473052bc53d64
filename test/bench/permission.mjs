// What a decision costs: one decision, a list of 1,000 tools from the cache and without it, and the memory of 10,000 grant sets.
// `npm run bench:permission [-- --rounds 7 --json]`
import { parseArgs } from 'node:util'
import { ListCache } from '../../dist/adapter/mcp/legacy/list-cache.js'
import { ToolListing } from '../../dist/adapter/mcp/legacy/tool-listing.js'
import { Guard } from '../../dist/core/operation/guard.js'
import { OperationCatalogue } from '../../dist/core/operation/operation-catalogue.js'
import { bearerOf } from '../../dist/core/permission/asker.js'
import { grantsOf } from '../../dist/core/permission/grants.js'
import { holdingOf } from '../../dist/core/permission/holding.js'
import {
  allOf,
  anyOf,
  group,
  not,
  permission,
  resource,
  role,
  scope,
} from '../../dist/core/permission/requirement/builders.js'
import { authenticated } from '../../dist/core/permission/requirement/requirement.js'
import { noCatalogue } from '../../dist/core/permission/standing.js'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, json: { type: 'boolean', default: false } },
})
if (globalThis.gc === undefined) throw new Error('run with --expose-gc, as npm run bench:permission does')

const goals = { decideMicroseconds: 1, cachedListMicroseconds: 20, coldListMilliseconds: 1, grantSetsMegabytes: 50 }
const toolCount = 1_000
const grantSets = 10_000
const tenant = { id: '0b8f7c1e-0000-4000-8000-000000000001', slug: 'acme', name: 'Acme' }

/** Six shapes of requirement over some 900 names, as a large server would have them. */
const shapes = [
  (n) => role(`role-${n % 100}`),
  (n) => anyOf(role(`role-${n % 100}`), role(`role-${(n + 7) % 100}`), scope(`scope-${n % 40}`)),
  (n) => allOf(anyOf(role(`role-${n % 100}`), role('admin')), scope('write'), resource(`resource-${n % 300}`)),
  (n) => permission(`invoice-${n % 400}:read`),
  (n) => allOf(group(`group-${n % 60}`), not(role('contractor'))),
  () => authenticated,
]
const operations = Array.from({ length: toolCount }, (_, n) => ({
  name: `tool_${n}`,
  title: undefined,
  description: `Does what tool ${n} of a large server does, in one sentence of usual length.`,
  annotations: undefined,
  inputSchema: { type: 'object', properties: { name: { type: 'string', minLength: 1 } }, required: ['name'] },
  outputSchema: undefined,
  protection: { access: 'protected', requirement: shapes[n % shapes.length](n) },
  elicits: false,
  declaredAt: 'bench.mjs:1:1',
  parseInput: (value) => ({ valid: true, value }),
  parseOutput: (value) => ({ valid: true, value }),
  invoke: () => 'done',
}))
const catalogue = new OperationCatalogue(operations)
const graph = catalogue.permissions
const audit = { record: async () => {}, retain() {}, count() {}, flush: async () => {} }
const guard = new Guard({ catalogue, audit, log: { write() {} } })

const rounds = []
for (let round = 0; round < Number(values.rounds); round += 1) {
  rounds.push({
    decideMicroseconds: timeDecisions(),
    cachedListMicroseconds: timeCachedLists(),
    coldListMilliseconds: timeColdLists(),
    grantSetsMegabytes: weighGrantSets(),
  })
}
const result = {
  rounds: rounds.length,
  tools: toolCount,
  grantSets,
  visibleTools: graph.listFor(bearerOf(holding(1))).length,
  ...Object.fromEntries(Object.keys(goals).map((key) => [key, median(rounds.map((round) => round[key]))])),
  goals,
}
if (values.json) console.log(JSON.stringify(result))
else {
  console.table([
    row('one decision (µs)', 'decideMicroseconds'),
    row(`list of ${toolCount} tools, seen before (µs)`, 'cachedListMicroseconds'),
    row(`list of ${toolCount} tools, never seen (ms)`, 'coldListMilliseconds'),
    row(`${grantSets} distinct grant sets listed (MB)`, 'grantSetsMegabytes'),
  ])
}

/** Who holds some 25 names, different ones for each n, in token and database. */
function holding(n) {
  const grants = grantsOf({
    roles: [`role-${n % 100}`, `role-${(n * 7 + 3) % 100}`, `role-${(n * 13 + 5) % 100}`],
    groups: [`group-${n % 60}`, `group-${(n * 11) % 60}`],
    scopes: ['write', `scope-${n % 40}`],
    resources: Array.from({ length: 8 }, (_, k) => `resource-${(n * 17 + k * 31) % 300}`),
    permissions: Array.from({ length: 10 }, (_, k) => `invoice-${(n * 23 + k * 37 + Math.floor(n / 400)) % 400}:read`),
  })
  const account = { id: `a${n}`, email: `a${n}@acme.example`, name: undefined, disabled: false, grants }
  const standing = {
    account,
    source: 'assigned',
    signUp: { admits: 'nobody' },
    catalogue: noCatalogue,
    policyVersion: '1',
  }
  return holdingOf(grants, standing)
}

/** A caller as a request brings it: made anew, so that nothing is remembered of the one before. */
function visitor(n) {
  return {
    caller: {
      user: { subject: `a${n}` },
      tenant,
      credential: { kind: 'bearer' },
      holding: holding(n),
      policyVersion: '1',
    },
  }
}

function timeDecisions() {
  const askers = Array.from({ length: 16 }, (_, n) => bearerOf(holding(n)))
  const decideAll = () => {
    let allowed = 0
    for (const asker of askers)
      for (const operation of operations) if (graph.decide(operation, asker) === 'allow') allowed += 1
    return allowed
  }
  decideAll()
  const times = 40
  const started = performance.now()
  let allowed = 0
  for (let time = 0; time < times; time += 1) allowed += decideAll()
  const elapsed = performance.now() - started
  if (allowed === 0 || allowed === times * askers.length * toolCount) throw new Error('every decision fell alike')
  return (elapsed * 1000) / (times * askers.length * toolCount)
}

function timeCachedLists() {
  const cache = new ListCache(guard, new ToolListing())
  const kinds = 64
  const requests = 20_000
  for (let n = 0; n < kinds; n += 1) cache.get({ surface: '/mcp 2025-11-25', visitor: visitor(n) })
  const visitors = Array.from({ length: requests }, (_, n) => visitor(n % kinds))
  let bytes = 0
  const started = performance.now()
  for (const each of visitors) bytes += cache.get({ surface: '/mcp 2025-11-25', visitor: each }).json.length
  const elapsed = performance.now() - started
  if (bytes === 0) throw new Error('nothing was listed')
  return (elapsed * 1000) / requests
}

function timeColdLists() {
  const listing = new ToolListing()
  const lists = 400
  listing.json(operations)
  const cache = new ListCache(guard, listing)
  const visitors = Array.from({ length: lists }, (_, n) => visitor(n * 31 + 7))
  const started = performance.now()
  for (const each of visitors) cache.get({ surface: '/mcp 2025-11-25', visitor: each })
  return (performance.now() - started) / lists
}

function weighGrantSets() {
  const listing = new ToolListing()
  listing.json(operations)
  const before = residentHeap()
  const cache = new ListCache(guard, listing)
  const keys = new Set()
  for (let n = 0; n < grantSets; n += 1) {
    const each = visitor(n)
    cache.get({ surface: '/mcp 2025-11-25', visitor: each })
    keys.add(guard.listKey(each))
  }
  if (keys.size < grantSets * 0.99) throw new Error(`only ${keys.size} grant sets were distinct`)
  keys.clear()
  const megabytes = (residentHeap() - before) / 1_048_576
  if (cache.get({ surface: '/mcp 2025-11-25', visitor: visitor(1) }).operations.length === 0) throw new Error('lost')
  return megabytes
}

function residentHeap() {
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function row(what, key) {
  return { what, median: round(result[key]), goal: goals[key], all: rounds.map((one) => round(one[key])).join(' ') }
}

function round(number) {
  return Number(number.toPrecision(3))
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
}
