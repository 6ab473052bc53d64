import { aloneAs, inConnection, neighbours, type Baseline, type Bench } from './bench.js'
import type { Ask, CallerConnection, Variation } from './caller-connection.js'
import { foreignMarks, sharesTenant } from './known-caller.js'
import type { Findings, FoundLeak } from './leak-report.js'
import { marksIn, meaningOf, resultOf, showAnswer } from './seen-answer.js'
import type { Seen } from './tested-server.js'

/** A way to name a tenant beside the token. */
interface Channel {
  readonly label: string
  /** Whether a tool may well give back what it gets this way. */
  readonly echoes?: true
  vary(ask: Ask, tenant: string): { readonly ask: Ask; readonly variation?: Variation }
}

interface Attempt {
  readonly own: Baseline
  readonly other: Baseline
  readonly tenant: string
  readonly channel: Channel
  readonly ask: Ask
}

const names = ['tenant', 'tenant_id', 'tenantId', 'tid', 'org_id', 'organization']
const headers = ['x-tenant', 'x-tenant-id', 'tenant-id', 'x-tenant-slug', 'x-org-id', 'x-organization-id']

/** Naming another tenant in any way but by the token gives the same answer, or a refusal. */
export async function checkTenants(bench: Bench): Promise<Findings> {
  const leaks: FoundLeak[] = []
  let attempts = 0
  for (const { other, own } of neighbours(bench)) {
    const { tenant } = other.caller
    if (tenant === undefined || sharesTenant(own.caller, other.caller)) continue
    for (const channel of channelsOf(bench.server.url)) {
      await inConnection(bench.server, own.caller, async (connection) => {
        for (const ask of bench.asks) {
          attempts += 1
          leaks.push(...(await attempt(bench, connection, { own, other, tenant, channel, ask })))
        }
      })
    }
  }
  if (attempts === 0) {
    const summary = 'the tokens name no two tenants: give callers of two tenants to look at this'
    return { summary, leaks, skipped: true }
  }
  return { summary: `${attempts} requests named another tenant by header, query, path, member or argument`, leaks }
}

async function attempt(bench: Bench, connection: CallerConnection, tried: Attempt): Promise<readonly FoundLeak[]> {
  const { ask, channel, other, own, tenant } = tried
  const { ask: varied, variation } = channel.vary(ask, tenant)
  const seen = await connection.ask(varied, variation)
  if (resultOf(seen) === undefined) return []
  const alone = aloneAs(own, ask)
  const meaning = meaningOf(seen)
  if (meaning === alone.meaning) return []
  const secrets = [...bench.callers.map(({ token }) => token), connection.session]
  const report = (message: string): readonly FoundLeak[] => [
    {
      caller: own.caller.name,
      message,
      sent: `${ask.label} with ${tenant} ${channel.label}`,
      seen: showAnswer(seen, secrets),
    },
  ]
  if (meaning === aloneAs(other, ask).meaning)
    return report(`got what ${other.caller.name} gets by naming the tenant ${channel.label}`)
  const marks = marksIn(meaning, varied, foreignMarks(own.caller, bench.callers))
  const mark = marks.find(({ text }) => !alone.meaning.includes(text))
  if (mark !== undefined) return report(`got ${mark.what} of ${mark.owner.name} by naming the tenant ${channel.label}`)
  if (!alone.stable || (await isEcho(connection, tried, seen))) return []
  return report(`got another answer by naming another tenant ${channel.label}`)
}

/** Whether an argument only comes back: a tenant that does not exist then does so in the same way. */
async function isEcho(connection: CallerConnection, { ask, channel, tenant }: Attempt, seen: Seen): Promise<boolean> {
  if (channel.echoes !== true) return false
  const control = await connection.ask(channel.vary(ask, 'no-such-tenant').ask)
  return meaningOf(control).replaceAll('no-such-tenant', '*') === meaningOf(seen).replaceAll(tenant, '*')
}

function channelsOf(url: URL): readonly Channel[] {
  const paths = (tenant: string): readonly string[] => {
    const segment = encodeURIComponent(tenant)
    return [`/${segment}${url.pathname}`, `${url.pathname}/${segment}`, `/tenants/${segment}${url.pathname}`]
  }
  return [
    { label: 'in headers', vary: (ask, tenant) => ({ ask, variation: { headers: named(headers, tenant) } }) },
    { label: 'in the query', vary: (ask, tenant) => ({ ask, variation: { url: withQuery(url, tenant) } }) },
    ...[0, 1, 2].map((index): Channel => ({
      label: 'in the path',
      vary: (ask, tenant) => ({ ask, variation: { url: withPath(url, paths(tenant)[index] ?? '') } }),
    })),
    { label: 'in _meta', vary: (ask, tenant) => ({ ask: withParams(ask, { _meta: named(names, tenant) }) }) },
    { label: 'beside the arguments', vary: (ask, tenant) => ({ ask: withParams(ask, named(names, tenant)) }) },
    {
      label: 'in the arguments',
      echoes: true,
      vary: (ask, tenant) => ({ ask: withArguments(ask, named(names, tenant)) }),
    },
  ]
}

function named(members: readonly string[], tenant: string): Readonly<Record<string, string>> {
  return Object.fromEntries(members.map((member) => [member, tenant]))
}

function withQuery(url: URL, tenant: string): URL {
  const changed = new URL(url)
  for (const name of names) changed.searchParams.set(name, tenant)
  return changed
}

function withPath(url: URL, path: string): URL {
  const changed = new URL(url)
  changed.pathname = path
  return changed
}

function withParams(ask: Ask, members: Readonly<Record<string, unknown>>): Ask {
  return { ...ask, params: { ...ask.params, ...members } }
}

function withArguments(ask: Ask, members: Readonly<Record<string, string>>): Ask {
  const given = ask.params?.['arguments']
  return ask.method === 'tools/list'
    ? ask
    : withParams(ask, { arguments: { ...members, ...(typeof given === 'object' ? given : {}) } })
}
