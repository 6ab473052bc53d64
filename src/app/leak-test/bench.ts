import { CallerConnection, type Ask } from './caller-connection.js'
import type { KnownCaller } from './known-caller.js'
import { mostCalls, type LeakTestCall, type LeakTestPlan } from './leak-test-options.js'
import { isObject } from './rpc-message.js'
import { isOverloaded, meaningOf } from './seen-answer.js'
import { ServerSilentError, type Seen, type TestedServer } from './tested-server.js'

/** What a caller gets who is alone. */
export interface Alone {
  readonly seen: Seen
  readonly meaning: string
  /** Whether a second look, in which the callers took turns the other way round, gave the same. */
  readonly stable: boolean
}

export interface Baseline {
  readonly caller: KnownCaller
  readonly tools: ReadonlySet<string>
  /** By the label of the ask. */
  readonly answers: ReadonlyMap<string, Alone>
}

/** What every check works with. */
export interface Bench {
  readonly server: TestedServer
  readonly callers: readonly KnownCaller[]
  readonly asks: readonly Ask[]
  readonly baselines: readonly Baseline[]
  readonly plan: LeakTestPlan
}

export const listAsk: Ask = { label: 'tools/list', method: 'tools/list' }

const mostPages = 20

/** Looks at what each caller gets alone, which everything else is held against. Throws where one of them gets nothing. */
export async function openBench(
  server: TestedServer,
  plan: LeakTestPlan,
  callers: readonly KnownCaller[],
): Promise<Bench> {
  const listed = new Map<KnownCaller, readonly ListedTool[]>()
  for (const caller of callers) listed.set(caller, await inConnection(server, caller, listTools))
  const asks = [listAsk, ...callsOf(plan, [...listed.values()].flat()).map(callAsk)]
  const first = await lookAtAll(server, callers, asks)
  const second = await lookAtAll(server, callers.toReversed(), asks)
  const baselines = callers.map((caller) => ({
    caller,
    tools: new Set(listed.get(caller)?.map(({ name }) => name)),
    answers: new Map(
      asks.map(({ label }) => [label, aloneOf(first.get(caller)?.get(label), second.get(caller)?.get(label))]),
    ),
  }))
  return { server, callers, asks, baselines, plan }
}

/** What the caller gets alone for an ask. */
export function aloneAs({ answers }: Baseline, { label }: Ask): Alone {
  const alone = answers.get(label)
  if (alone === undefined) throw new TypeError(`nobody asked ${label}`)
  return alone
}

/** Everybody with the next one in the list, the last one with the first. */
export function neighbours(bench: Bench): readonly { readonly own: Baseline; readonly other: Baseline }[] {
  const { baselines } = bench
  return baselines.flatMap((own, index) => {
    const other = baselines[(index + 1) % baselines.length]
    return other === undefined ? [] : [{ own, other }]
  })
}

/** Works in a connection of its own, which is closed afterwards. */
export async function inConnection<Value>(
  server: TestedServer,
  caller: KnownCaller,
  work: (connection: CallerConnection) => Promise<Value>,
): Promise<Value> {
  const connection = await CallerConnection.open(server, caller)
  try {
    return await work(connection)
  } finally {
    await connection.close()
  }
}

interface ListedTool {
  readonly name: string
  readonly readsOnly: boolean
}

async function listTools(connection: CallerConnection): Promise<readonly ListedTool[]> {
  const tools: ListedTool[] = []
  let params: Ask['params']
  for (let page = 0; page < mostPages; page += 1) {
    const { messages } = await connection.ask({ ...listAsk, ...(params === undefined ? {} : { params }) })
    const result = messages.find((message) => message.result !== undefined)?.result
    tools.push(...toolsIn(result?.['tools']))
    const cursor = result?.['nextCursor']
    if (typeof cursor !== 'string') break
    params = { cursor }
  }
  return tools
}

function toolsIn(listed: unknown): readonly ListedTool[] {
  if (!Array.isArray(listed)) return []
  return listed.flatMap((tool: unknown) => {
    if (!isObject(tool) || typeof tool['name'] !== 'string') return []
    const { annotations, name } = tool
    return [{ name, readsOnly: isObject(annotations) && annotations['readOnlyHint'] === true }]
  })
}

function callsOf({ calls, readOnlyTools }: LeakTestPlan, listed: readonly ListedTool[]): readonly LeakTestCall[] {
  if (readOnlyTools === 'ignore') return calls
  // One that a caller knows as a tool that writes is not called, whatever another was told.
  const writing = new Set(listed.filter(({ readsOnly }) => !readsOnly).map(({ name }) => name))
  const reading = new Set(listed.map(({ name }) => name).filter((name) => !writing.has(name)))
  const others = [...reading].filter((name) => !calls.some((call) => call.name === name))
  return [...calls, ...others.map((name) => ({ name }))].slice(0, mostCalls)
}

function callAsk({ arguments: given = {}, name }: LeakTestCall): Ask {
  return { label: `tools/call ${name}`, method: 'tools/call', params: { name, arguments: given } }
}

type Looks = ReadonlyMap<KnownCaller, ReadonlyMap<string, Seen>>

async function lookAtAll(server: TestedServer, callers: readonly KnownCaller[], asks: readonly Ask[]): Promise<Looks> {
  const looks = new Map<KnownCaller, ReadonlyMap<string, Seen>>()
  for (const caller of callers) {
    const seen = new Map<string, Seen>()
    await inConnection(server, caller, async (connection) => {
      for (const ask of asks) seen.set(ask.label, await connection.ask(ask))
    })
    looks.set(caller, seen)
  }
  return looks
}

function aloneOf(first: Seen | undefined, second: Seen | undefined): Alone {
  if (first === undefined || second === undefined) throw new TypeError('nobody looked')
  if (isOverloaded(first) || isOverloaded(second)) {
    throw new ServerSilentError(`the server has no time for one caller alone (status ${first.status})`)
  }
  const meaning = meaningOf(first)
  return { seen: first, meaning, stable: meaning === meaningOf(second) }
}
