import { Guard, type CallOutcome } from '../../src/core/operation/guard.js'
import { OperationCatalogue } from '../../src/core/operation/operation-catalogue.js'
import type { Operation } from '../../src/core/operation/operation.js'
import type { Browser } from '../../src/core/sign-in/browser.js'
import { createSignInTools } from '../../src/service/sign-in/tools/create-sign-in-tools.js'
import type { SignInToolsOptions } from '../../src/service/sign-in/tools/sign-in-tools-options.js'
import { grant } from '../../src/core/permission/requirement/builders.js'
import { authenticated } from '../../src/core/permission/requirement/requirement.js'
import { sampleOperation } from './core-samples.js'
import { LoginBench, publicUrl } from './login-bench.js'
import { MemoryLog } from './memory-ports.js'
import type { MemoryLoginSession } from './memory-sign-in.js'

/** What a tool answered, with its one text read as JSON where it is that. */
export interface ToolAnswer {
  readonly isError: boolean
  readonly text: string
  readonly json: Readonly<Record<string, unknown>>
  readonly structured: Readonly<Record<string, unknown>> | undefined
}

/** A browser that notes what it is told to open. */
export class NotedBrowser implements Browser {
  readonly opened: string[] = []
  works = true

  async open(url: string): Promise<boolean> {
    this.opened.push(url)
    return this.works
  }
}

const business: readonly Operation[] = [
  sampleOperation({ name: 'hello' }),
  sampleOperation({ name: 'admin_panel', protection: demanding('roles', 'admin') }),
  sampleOperation({ name: 'write_report', protection: demanding('scopes', 'write') }),
  sampleOperation({ name: 'vault', protection: { access: 'protected', requirement: authenticated, bearerOnly: true } }),
]

function demanding(category: 'roles' | 'scopes', name: string): Operation['protection'] {
  return { access: 'protected', requirement: grant(category, name) }
}

/** The five tools behind the real guard, beside some operations of a server: for Ada, all but one of them. */
export class SignInToolsBench extends LoginBench {
  readonly log = new MemoryLog()
  readonly tools: readonly Operation[]
  readonly guard: Guard

  constructor(options: { readonly tokenResource?: string } & Partial<SignInToolsOptions> = {}) {
    super(options)
    this.tools = createSignInTools({
      sessionSignIn: this.sessions,
      flow: this.flow,
      authenticator: this.authenticator,
      publicUrl,
      clientId: 'app',
      appName: 'Reports',
      browser: undefined,
      accessibleTo: (caller) => this.guard.visible({ caller }).map(({ name }) => name),
      ...options,
    })
    const catalogue = new OperationCatalogue([...this.tools, ...business])
    this.guard = new Guard({
      ...{ catalogue, audit: this.audit, log: this.log },
      callers: { renew: async (caller) => caller },
    })
  }

  /** The names that a session is listed. */
  async list(session: MemoryLoginSession): Promise<readonly string[]> {
    await this.recognize(session)
    return this.guard.list({ caller: session.caller, login: session }).map(({ name }) => name)
  }

  /** One call, as a transport makes it. Throws `TypeError` where the tool is hidden. */
  async call(session: MemoryLoginSession, name: string, args: unknown = {}): Promise<ToolAnswer> {
    await this.recognize(session)
    const channel = { signal: new AbortController().signal }
    return answerOf(await this.guard.call({ name, args, caller: session.caller, login: session, channel }))
  }
}

function answerOf(outcome: CallOutcome): ToolAnswer {
  if (outcome.outcome === 'unknown') throw new TypeError('the tool is hidden')
  const { content, isError, structuredContent } = outcome.result
  const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
  return { isError: isError === true, text, json: jsonOf(text), structured: structuredContent }
}

function jsonOf(text: string): ToolAnswer['json'] {
  if (!text.startsWith('{')) return {}
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
