import { aloneAs, listAsk, type Baseline, type Bench } from './bench.js'
import { CallerConnection, freshId, type Ask } from './caller-connection.js'
import { foreignMarks, sharesTenant, type ForeignMark } from './known-caller.js'
import type { Findings, FoundLeak } from './leak-report.js'
import { isResponse } from './rpc-message.js'
import { marksIn, meaningOf, resultOf, showAnswer } from './seen-answer.js'
import type { Seen } from './tested-server.js'

interface Round {
  readonly bench: Bench
  readonly connections: readonly CallerConnection[]
}

interface Answered {
  readonly own: Baseline
  readonly ask: Ask
  readonly id: number
  readonly seen: Seen
}

/** Everybody asks everything at once, with the same ids: each answer is the caller's own, and the one the caller gets alone. */
export async function checkAnswers(bench: Bench): Promise<Findings> {
  const { baselines, callers, plan, server } = bench
  const leaks = baselines.flatMap((own) => bench.asks.flatMap((ask) => leaksAlone(bench, own, ask)))
  const connections = await Promise.all(callers.map((caller) => CallerConnection.open(server, caller)))
  let answers = 0
  let refusals = 0
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const answered of await askAtOnce({ bench, connections })) {
      const found = judge(bench, answered)
      answers += 1
      if (found === 'refused') refusals += 1
      else leaks.push(...found)
    }
  }
  for (const connection of connections) await connection.close()
  const summary = `${callers.length} callers at once, ${plan.rounds} rounds, ${answers} answers held against those they get alone`
  return { summary, leaks, notes: notesOf(bench, { answers, refusals }) }
}

async function askAtOnce({ bench, connections }: Round): Promise<readonly Answered[]> {
  const sent = bench.asks.flatMap((ask) => {
    const id = freshId()
    return connections.map(async (connection, index): Promise<readonly Answered[]> => {
      const own = bench.baselines[index]
      const seen = await connection.ask(ask, { id })
      return own === undefined ? [] : [{ own, ask, id, seen }]
    })
  })
  return (await Promise.all(sent)).flat()
}

/** What is somebody else's although nobody else was there. */
function leaksAlone(bench: Bench, own: Baseline, ask: Ask): readonly FoundLeak[] {
  const { meaning, seen, stable } = aloneAs(own, ask)
  const report = reporter(bench, { own, ask, seen, how: 'alone' })
  const marks = marksIn(meaning, ask, foreignMarks(own.caller, bench.callers))
  const foreign = marks.filter(({ given, owner }) => given || !sharesTenant(own.caller, owner))
  const leaks = foreign.map((mark) => report(`got ${mark.what} of ${mark.owner.name} with ${ask.label}`))
  if (ask === listAsk && !stable) leaks.push(report('got two lists of tools, one after the other, that differ'))
  return leaks
}

function judge(bench: Bench, answered: Answered): readonly FoundLeak[] | 'refused' {
  const { ask, id, own, seen } = answered
  const report = reporter(bench, { own, ask, seen, how: 'at once with the others' })
  if (seen.messages.some((message) => isResponse(message) && message.id !== id && message.id !== null)) {
    return [report(`got the answer to another request than ${ask.label}`)]
  }
  const alone = aloneAs(own, ask)
  const meaning = meaningOf(seen)
  if (meaning === alone.meaning) return []
  const marks = newMarks(bench, answered, alone.meaning)
  if (marks.length > 0) return marks.map((mark) => report(`got ${mark.what} of ${mark.owner.name} with ${ask.label}`))
  const owner = bench.baselines.find((other) => aloneAs(other, ask).meaning === meaning)
  if (owner !== undefined) return [report(`got what ${owner.caller.name} gets with ${ask.label}`)]
  // Somebody who is refused for their haste has got nothing of anybody.
  if (resultOf(seen) === undefined) return 'refused'
  return alone.stable ? [report(`got something else than alone with ${ask.label}`)] : []
}

function newMarks(bench: Bench, { ask, own, seen }: Answered, alone: string): readonly ForeignMark[] {
  const marks = marksIn(meaningOf(seen), ask, foreignMarks(own.caller, bench.callers))
  return marks.filter(({ text }) => !alone.includes(text))
}

function reporter(
  { callers }: Bench,
  { ask, how, own, seen }: Omit<Answered, 'id'> & { readonly how: string },
): (message: string) => FoundLeak {
  const seenText = showAnswer(
    seen,
    callers.map(({ token }) => token),
  )
  return (message) => ({ caller: own.caller.name, message, sent: `${ask.label} ${how}`, seen: seenText })
}

function notesOf({ asks, baselines }: Bench, { answers, refusals }: Readonly<Record<'answers' | 'refusals', number>>) {
  const telling = asks.some(
    (ask) => new Set(baselines.map((own) => aloneAs(own, ask).meaning)).size === baselines.length,
  )
  const varying = asks.filter((ask) => ask !== listAsk && baselines.some((own) => !aloneAs(own, ask).stable))
  return [
    ...(telling ? [] : ['no request has a different answer for each caller: call a tool that says who called it']),
    ...varying.map(
      ({ label }) => `${label} has another answer each time: only the marks of others were looked for in it`,
    ),
    ...(refusals === 0
      ? []
      : [`${refusals} of ${answers} answers were refusals that callers alone do not get: use fewer rounds`]),
  ]
}
