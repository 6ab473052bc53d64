import { describe, expect, it } from '@jest/globals'
import type { FastPath } from '../../../src/adapter/mcp/legacy/hot-path.js'
import { resultText } from '../../../src/adapter/mcp/http/json-rpc.js'
import type { HotPathSwitch } from '../../../src/adapter/mcp/legacy/legacy-edge.js'
import { McpHarness, type Received } from '../../support/mcp-harness.js'
import { randomRequest, type RandomRequest } from '../../support/mcp-random-requests.js'
import { Random } from '../../support/random.js'

const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? 20_260_101)
const perMode = Number(process.env['DIFFERENTIAL_REQUESTS'] ?? 2_000)
const lanes = 8
const reference = /(?<=\(ref |"ref":")[0-9a-f-]{36}/g
const port = /(?<=127\.0\.0\.1:)\d+/g
const compared = [
  'cache-control',
  'vary',
  'x-content-type-options',
  'www-authenticate',
  'retry-after',
  'allow',
] as const

/** With sessions of bearers, without sessions, and with sessions that sign in beside those of bearers. */
const modes = ['stateful', 'stateless', 'signing in'] as const

type Mode = (typeof modes)[number]

/** Sessions without a token: the third word is who signs in at once. */
const anonymousSlots: readonly string[] = ['nobody yet', 'nobody as bob', 'nobody as alice']

interface Run {
  readonly mode: Mode
  readonly requests: number
  readonly hot: HotPathSwitch
}

interface Findings {
  readonly differences: readonly unknown[]
  readonly sent: number
  readonly ok: number
  /** How often somebody signed in. */
  readonly signIns: number
}

/** Sends the same random requests to an edge with and to one without a hot path. */
class Comparison {
  readonly #edges: readonly [McpHarness, McpHarness]
  readonly #mode: Mode
  readonly #differences: unknown[] = []
  #sent = 0
  #ok = 0

  static async run({ mode, requests, hot }: Run): Promise<Findings> {
    const options = {
      sessions: mode === 'stateless' ? 'stateless' : 'stateful',
      login: mode === 'signing in' ? 'tools' : 'oauth',
    } as const
    const edges = await Promise.all([
      McpHarness.start({ ...options, hot }),
      McpHarness.start({ ...options, hot: 'off' }),
    ])
    for (const { people } of edges) {
      people.set('dave', { roles: ['reader'], scopes: ['raise'] })
      people.narrow('dave', ['read'])
    }
    try {
      const comparison = new Comparison(edges, mode)
      await Promise.all(Array.from({ length: lanes }, (_, lane) => comparison.#lane(lane, requests / lanes)))
      const signIns = edges[0].audit.recorded.filter(({ type }) => type === 'signin.completed').length
      return { differences: comparison.#differences, sent: comparison.#sent, ok: comparison.#ok, signIns }
    } finally {
      await Promise.all(edges.map((edge) => edge.close()))
    }
  }

  private constructor(edges: readonly [McpHarness, McpHarness], mode: Mode) {
    this.#edges = edges
    this.#mode = mode
  }

  async #lane(lane: number, requests: number): Promise<void> {
    const random = new Random(seed + lane)
    const sessions = new Map<string, readonly (string | undefined)[]>()
    for (let sent = 0; sent < requests; sent += 1) {
      if (this.#mode !== 'stateless' && sent % 200 === 0) await this.#openSessions(sessions)
      const login = this.#mode === 'signing in' ? 'tools' : 'oauth'
      await this.#compare(randomRequest(random, [...sessions.keys()], login), sessions)
    }
  }

  async #openSessions(sessions: Map<string, readonly (string | undefined)[]>): Promise<void> {
    for (const user of ['alice', 'bob', 'carol', 'dave']) {
      sessions.set(`${user} own`, await Promise.all(this.#edges.map((edge) => edge.open(user))))
    }
    sessions.set('bob unknown', ['x'.repeat(43), 'x'.repeat(43)])
    if (this.#mode !== 'signing in') return
    sessions.set('nobody unknown', ['x'.repeat(43), 'x'.repeat(43)])
    for (const slot of anonymousSlots) await this.#openAnonymous(slot, sessions)
  }

  async #openAnonymous(slot: string, sessions: Map<string, readonly (string | undefined)[]>): Promise<void> {
    const user = slot.split(' ')[2]
    const opening = this.#edges.map((edge) => (user === undefined ? edge.open(null) : edge.openAs(user)))
    sessions.set(slot, await Promise.all(opening))
  }

  async #compare(request: RandomRequest, sessions: Map<string, readonly (string | undefined)[]>): Promise<void> {
    const { slot, ...sent } = request
    const ids = slot === undefined ? undefined : sessions.get(slot)
    const answers = await Promise.all(this.#edges.map((edge, index) => edge.send({ ...sent, session: ids?.[index] })))
    this.#sent += 1
    const [hot, sdk] = answers.map(whatIsSaid)
    if (answers[0]?.status === 200) this.#ok += 1
    const framings = answers.map((answer) => answer.headers['content-type'])
    const streamed = framings.includes('text/event-stream')
    if (JSON.stringify(hot) !== JSON.stringify(sdk) || (!streamed && !sameBytes(answers))) {
      this.#differences.push({ request, hot, sdk })
    }
    // Whoever uses a session without a token in another way ends it.
    const gone = answers.every(({ status }) => status === 404)
    if (slot !== undefined && anonymousSlots.includes(slot) && gone) await this.#openAnonymous(slot, sessions)
  }
}

function whatIsSaid(answer: Received): unknown {
  const messages: unknown = JSON.parse(JSON.stringify(answer.messages).replace(reference, 'REF'))
  return {
    status: answer.status,
    headers: compared.map((name) => String(answer.headers[name]).replace(port, 'PORT')),
    messages,
  }
}

function sameBytes([hot, sdk]: readonly Received[]): boolean {
  const bytes = [hot, sdk].map((answer) => [answer?.text.replace(reference, 'REF'), answer?.headers['content-type']])
  return JSON.stringify(bytes[0]) === JSON.stringify(bytes[1])
}

function counting(): { hot: HotPathSwitch; answered(): number } {
  let count = 0
  const hot = (own: FastPath): FastPath => ({
    answer: async (request) => {
      const answered = await own.answer(request)
      if (answered) count += 1
      return answered
    },
  })
  return { hot, answered: () => count }
}

/** Recognizes by the method alone, as a careless hot path would. */
const careless = (own: FastPath): FastPath => ({
  answer: async (request) => {
    const { message, reply, id } = request.exchange
    const isPing = typeof message === 'object' && message !== null && 'method' in message && message.method === 'ping'
    if (!isPing || id === undefined) return own.answer(request)
    reply.finish(resultText(id, '{}'))
    return true
  },
})

/** Forgets that a list of tools says `tools`. */
const forgetful = (own: FastPath): FastPath => ({
  answer: async (request) => {
    const { message, reply, id } = request.exchange
    const lists =
      typeof message === 'object' && message !== null && 'method' in message && message.method === 'tools/list'
    if (!lists || id === undefined) return own.answer(request)
    reply.finish(resultText(id, '{}'))
    return true
  },
})

describe.each(modes)('%s', (mode) => {
  it(`answers ${perMode} random requests alike with and without the hot path (seed ${seed})`, async () => {
    const { hot, answered } = counting()
    const findings = await Comparison.run({ mode, requests: perMode, hot })
    process.stdout.write(`${mode}: seed ${seed}, ${findings.sent} sent, ${answered()} answered by the hot path\n`)
    expect(findings.differences.slice(0, 3)).toEqual([])
    expect(findings.sent).toBe(perMode)
    expect(answered()).toBeGreaterThan(perMode / 5)
    expect(findings.ok).toBeGreaterThan(perMode / 3)
    expect(findings.signIns > perMode / 50).toBe(mode === 'signing in')
  }, 120_000)

  it.each([
    ['recognizes too much', careless],
    ['answers wrongly', forgetful],
  ])('notices a hot path that %s', async (_fault, hot) => {
    const findings = await Comparison.run({ mode, requests: 800, hot })
    expect(findings.differences.length).toBeGreaterThan(0)
  })
})
