import { inConnection, listAsk, type Bench } from './bench.js'
import type { Ask, Variation } from './caller-connection.js'
import type { Findings, FoundLeak } from './leak-report.js'
import { resultOf, showAnswer } from './seen-answer.js'
import type { Seen } from './tested-server.js'

interface Kind {
  readonly label: string
  readonly ask: Ask
  readonly variation?: Variation
}

const absent: Ask = {
  label: 'tools/call',
  method: 'tools/call',
  params: { name: 'authsec_leak_test_absent', arguments: {} },
}

/** No answer may be kept by a cache and given to somebody else, whatever kind of answer it is. */
export async function checkCaching(bench: Bench): Promise<Findings> {
  const leaks: FoundLeak[] = []
  const kinds = kindsOf(bench)
  const [caller] = bench.callers
  if (caller === undefined) throw new TypeError('there is no caller')
  await inConnection(bench.server, caller, async (connection) => {
    const secrets = [...bench.callers.map(({ token }) => token), connection.session]
    for (const { ask, label, variation } of kinds) {
      const seen = await connection.ask(ask, variation)
      const message = problemOf(seen)
      if (message === undefined) continue
      leaks.push({
        caller: caller.name,
        message: `${message}: ${label}`,
        sent: label,
        seen: showHeaders(seen, secrets),
      })
    }
  })
  return { summary: `${kinds.length} kinds of answers say that nobody may keep them`, leaks }
}

function kindsOf({ asks }: Bench): readonly Kind[] {
  return [
    ...asks.map((ask) => ({ label: `the answer to ${ask.label}`, ask })),
    { label: 'the answer about a tool that does not exist', ask: absent },
    { label: 'the refusal of a request without a token', ask: listAsk, variation: { token: undefined } },
    { label: 'the refusal of a token that is none', ask: listAsk, variation: { token: 'no-token' } },
    {
      label: 'the refusal of a session that does not exist',
      ask: listAsk,
      variation: { headers: { 'mcp-session-id': '00000000-0000-4000-8000-000000000000' } },
    },
  ]
}

/** RFC 9111 §5.2.2: `no-store` keeps it out of every cache, `private` out of shared ones. */
function problemOf(seen: Seen): string | undefined {
  const control = listed(seen.headers.get('cache-control'))
  const varies = listed(seen.headers.get('vary'))
  if (resultOf(seen)?.['cacheScope'] === 'public') return 'says that everybody may share it (cacheScope)'
  if (control.includes('no-store')) return undefined
  if (!control.includes('private')) return 'may be kept by caches, because Cache-Control does not say no-store'
  if (varies.includes('authorization') || varies.includes('*')) return undefined
  return 'may be kept for other tokens, because Vary does not name Authorization'
}

function listed(value: string | null): readonly string[] {
  return (value ?? '').split(',').map((one) => one.trim().toLowerCase())
}

function showHeaders(seen: Seen, secrets: readonly (string | undefined)[]): string {
  const shown = ['cache-control', 'vary'].map((name) => `${name}: ${seen.headers.get(name) ?? 'none'}`)
  return `${showAnswer({ ...seen, text: '' }, secrets)} ${shown.join('; ')}`
}
