import { randomBytes } from 'node:crypto'
import { aloneAs, inConnection, type Baseline, type Bench } from './bench.js'
import type { Ask, CallerConnection } from './caller-connection.js'
import type { Findings, FoundLeak } from './leak-report.js'
import { meaningOf, showAnswer } from './seen-answer.js'
import type { Seen } from './tested-server.js'

interface Hidden {
  readonly own: Baseline
  readonly ask: Ask
  readonly name: string
}

/** What of an answer may tell a hidden tool from an absent one, with the name and everything that varies by itself taken out. */
interface Look {
  readonly body: string
  readonly headers: ReadonlyMap<string, string>
}

/** A tool that only others see answers, in every byte that is not chance, as a name that no tool has. */
export async function checkHiddenTools(bench: Bench): Promise<Findings> {
  const hidden = bench.baselines.flatMap((own) => hiddenFrom(bench, own))
  const leaks: FoundLeak[] = []
  const notes: string[] = []
  for (const one of hidden) {
    await inConnection(bench.server, one.own.caller, async (connection) => {
      const found = await compare(bench, connection, one)
      if (typeof found === 'string') notes.push(found)
      else leaks.push(...found)
    })
  }
  for (const own of bench.baselines) leaks.push(...(await listedInVain(bench, own)))
  notes.push(...untried(bench))
  if (hidden.length === 0) {
    const summary = 'no tool that may be called is listed to some callers and hidden from others'
    return { summary, leaks, notes, skipped: true }
  }
  return { summary: `${hidden.length} times a hidden tool was held against one that does not exist`, leaks, notes }
}

function hiddenFrom({ asks, baselines }: Bench, own: Baseline): readonly Hidden[] {
  return asks.flatMap((ask) => {
    const name = nameIn(ask)
    if (name === undefined || own.tools.has(name) || !baselines.some(({ tools }) => tools.has(name))) return []
    return [{ own, ask, name }]
  })
}

async function compare(
  bench: Bench,
  connection: CallerConnection,
  { ask, name, own }: Hidden,
): Promise<readonly FoundLeak[] | string> {
  const [before, after] = [absentLike(name), absentLike(name)]
  const first = await connection.ask(withName(ask, before))
  const seen = await connection.ask(ask)
  const second = await connection.ask(withName(ask, after))
  const twins = [lookOf(first, before), lookOf(second, after)] as const
  const chance = [...twins[0].headers].filter(([header, value]) => twins[1].headers.get(header) !== value)
  const ignored = new Set(['date', ...chance.map(([header]) => header)])
  const asAbsent = [textOf(twins[0], ignored), textOf(twins[1], ignored)] as const
  const asHidden = textOf(lookOf(seen, name), ignored)
  const mask = asAbsent[0] === asAbsent[1] ? (text: string) => text : withoutChance
  if (mask(asAbsent[0]) !== mask(asAbsent[1])) {
    return `tools that do not exist answer in many ways, so that ${name} could not be compared for ${own.caller.name}`
  }
  if (mask(asHidden) === mask(asAbsent[0])) return []
  const secrets = [...bench.callers.map(({ token }) => token), connection.session]
  const [sent, message] = [ask.label, `can tell that ${name} exists, which is not listed`]
  const seenText = `${showAnswer(seen, secrets)}; for ${before}: ${showAnswer(first, secrets)}`
  return [{ caller: own.caller.name, message, sent, seen: seenText }]
}

/** A list that names what its reader cannot call is somebody else's. */
async function listedInVain(bench: Bench, own: Baseline): Promise<readonly FoundLeak[]> {
  const listed = bench.asks.filter((ask) => own.tools.has(nameIn(ask) ?? ''))
  if (listed.length === 0) return []
  return inConnection(bench.server, own.caller, async (connection) => {
    const leaks: FoundLeak[] = []
    for (const ask of listed) {
      const [name, absent] = [nameIn(ask) ?? '', absentLike(nameIn(ask) ?? '')]
      const { meaning, seen } = aloneAs(own, ask)
      const missing = meaningOf(await connection.ask(withName(ask, absent)))
      if (meaning.replaceAll(name, '*') !== missing.replaceAll(absent, '*')) continue
      const message = `is shown ${name} in the list, and it answers as one that does not exist`
      const secrets = [...bench.callers.map(({ token }) => token), connection.session]
      leaks.push({ caller: own.caller.name, message, sent: ask.label, seen: showAnswer(seen, secrets) })
    }
    return leaks
  })
}

function untried({ asks, baselines }: Bench): readonly string[] {
  const tried = new Set(asks.map(nameIn))
  const all = new Set(baselines.flatMap(({ tools }) => [...tools]))
  const names = [...all].filter((name) => !tried.has(name) && baselines.some(({ tools }) => !tools.has(name)))
  if (names.length === 0) return []
  return [`not called, because nobody said so, although only some callers see them: ${names.join(', ')}`]
}

function nameIn({ params }: Ask): string | undefined {
  const name = params?.['name']
  return typeof name === 'string' ? name : undefined
}

function withName(ask: Ask, name: string): Ask {
  return { ...ask, params: { ...ask.params, name } }
}

/** As long as the name, so that lengths say nothing. */
function absentLike(name: string): string {
  const letters = [...randomBytes(name.length)].map((byte) => String.fromCharCode(97 + (byte % 26)))
  return letters.join('')
}

function lookOf({ headers, status, text }: Seen, name: string): Look {
  const body = text
    .replaceAll(name, '*')
    .replace(/"id"\s*:\s*\d+/g, '"id":0')
    .replace(/^id:.*$/gm, '')
  return {
    body: `${status}\n${body}`,
    headers: new Map([...headers].map(([header, value]) => [header, value.replaceAll(name, '*')])),
  }
}

function textOf({ body, headers }: Look, ignored: ReadonlySet<string>): string {
  const lines = [...headers].filter(([header]) => !ignored.has(header)).map(([header, value]) => `${header}: ${value}`)
  return [...lines.toSorted(), body].join('\n')
}

/** Without the references and times that an answer may have of its own. */
function withoutChance(text: string): string {
  return text.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '#').replace(/\d+/g, '#')
}
