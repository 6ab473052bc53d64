import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { CallContext } from '../../src/core/operation/call-context.js'
import type { CallLimit } from '../../src/core/operation/call-limit.js'
import type { ObjectSchema } from '../../src/core/operation/json-schema.js'
import type { Operation } from '../../src/core/operation/operation.js'
import { ToolError } from '../../src/core/operation/tool-error.js'
import type { Protection } from '../../src/core/permission/protection.js'
import { authenticated, requirementOf, type Requirement } from '../../src/core/permission/requirement/requirement.js'
import type { SignInStore } from '../../src/core/sign-in/sign-in-store.js'
import { acme } from './mcp-ports.js'

type Args = Readonly<Record<string, unknown>>

export interface OperationSketch {
  readonly requirement?: Requirement | 'public' | 'login'
  readonly bearerOnly?: boolean
  readonly elevatable?: boolean
  readonly elicits?: boolean
  readonly inputSchema?: ObjectSchema
  readonly outputSchema?: ObjectSchema
  readonly description?: string
  readonly limits?: readonly CallLimit[]
  run(args: Args, call: CallContext): unknown
}

/** An operation as `Guard` wants it, without framework around it. */
export function operation(name: string, sketch: OperationSketch): Operation {
  return {
    name,
    title: undefined,
    description: sketch.description ?? `What ${name} does`,
    annotations: undefined,
    inputSchema: sketch.inputSchema ?? { type: 'object', properties: {} },
    outputSchema: sketch.outputSchema,
    protection: protectionOf(sketch),
    elicits: sketch.elicits ?? false,
    limits: sketch.limits ?? [],
    declaredAt: 'test.ts:1:1',
    parseInput: (args) => ({ valid: true, value: args }),
    parseOutput: (value) => ({ valid: true, value }),
    invoke: (input, call) => sketch.run(isArgs(input) ? input : {}, call),
  }
}

function protectionOf({ requirement = authenticated, ...marks }: OperationSketch): Protection {
  if (requirement === 'public' || requirement === 'login') return { access: requirement }
  const { bearerOnly = false, elevatable = false } = marks
  return { access: 'protected', requirement, bearerOnly, elevatable }
}

export function role(...roles: string[]): Requirement {
  return requirementOf({ requireAll: false, listed: { roles } })
}

export function scope(...scopes: string[]): Requirement {
  return requirementOf({ requireAll: false, listed: { scopes } })
}

/** What the handlers of `sampleOperations` did. */
export class Diary {
  started = 0
  aborted = 0
  readonly waiting = new Set<() => void>()

  /** Lets every waiting call go on. */
  release(): void {
    for (const go of [...this.waiting]) go()
  }
}

/** One tool of each kind, enough for every way through the edge. */
export function sampleOperations(diary: Diary): readonly Operation[] {
  const counted = (run: OperationSketch['run']): OperationSketch['run'] => {
    return (args, call) => {
      diary.started += 1
      return run(args, call)
    }
  }
  return [
    operation('hello', { requirement: 'public', run: counted(() => 'pong') }),
    operation('echo', {
      inputSchema: { type: 'object', properties: { nonce: { type: 'string' } } },
      run: counted((args, call) => JSON.stringify({ who: call.user?.subject, args })),
    }),
    operation('later', {
      run: counted(async (args) => {
        await pause(Number(args['ms'] ?? 1))
        return JSON.stringify(args)
      }),
    }),
    operation('read', { requirement: role('reader', 'admin'), run: counted(() => ({ rows: [1, 2, 3] })) }),
    operation('wipe', { requirement: role('admin'), run: counted(() => 'wiped') }),
    operation('transfer', { requirement: role('admin'), bearerOnly: true, run: counted(() => 'transferred') }),
    operation('raise', { requirement: scope('raise'), elevatable: true, run: counted(() => 'raised') }),
    operation('fail', {
      run: counted(() => {
        throw new TypeError('password=hunter2')
      }),
    }),
    operation('refuse', {
      run: counted(() => {
        throw new ToolError('Not on Sundays')
      }),
    }),
    operation('bigint', { run: counted(() => [{ type: 'text', text: 1n }]) }),
    operation('steps', {
      run: counted(async (args, call) => {
        const count = Number(args['count'] ?? 3)
        for (let step = 1; step <= count; step += 1) await call.progress(step, count, `step ${step}`)
        return 'done'
      }),
    }),
    operation('chatty', {
      run: counted(async (_args, call) => {
        await call.log('debug', 'quiet')
        await call.log('warning', { disk: 'full' })
        return 'said'
      }),
    }),
    operation('wait', {
      run: counted(async (args, call) => {
        if (args['tell'] === true) await call.progress(0)
        await new Promise<void>((resolve) => {
          const go = (): void => {
            diary.waiting.delete(go)
            resolve()
          }
          diary.waiting.add(go)
          call.signal.addEventListener('abort', () => {
            diary.aborted += 1
            go()
          })
        })
        return 'waited'
      }),
    }),
    operation('ask', {
      elicits: true,
      run: counted(async (_args, call) => {
        if (!call.canElicit) return 'cannot ask'
        const answer = await call.elicit({
          message: 'Your name?',
          requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
        })
        return answer.action === 'accept' ? `hello ${String(answer.content['name'])}` : answer.action
      }),
    }),
  ]
}

/** Tools that sign a session in as whoever is named, and out, without any browser. */
export function signInOperations(signIns: SignInStore): readonly Operation[] {
  return [
    operation('sign_in', {
      requirement: 'login',
      run: async (args, call) => {
        const login = loginOf(call)
        const key = randomUUID()
        const subject = String(args['as'])
        const identity = {
          ...{ issuer: 'https://issuer.test', subject, tenant: acme, clientId: 'app' },
          ...{
            asserted: { scopes: ['read'] },
            grantDigest: subject,
            endsAt: args['endsAt'] === undefined ? undefined : Number(args['endsAt']),
          },
        }
        await signIns.open({ key, application: 'app', identity, requestId: key })
        if (login.signIn !== undefined) await signIns.end(login.signIn, 'replaced')
        return (await login.bind({ tenant: acme, key }, key)) ? `signed in as ${subject}` : 'this session is gone'
      },
    }),
    operation('sign_out', {
      requirement: 'login',
      run: async (_args, call) => {
        const login = loginOf(call)
        if (login.signIn !== undefined) await signIns.end(login.signIn, 'logged_out')
        await login.bind(undefined, undefined)
        return 'signed out'
      },
    }),
    operation('who', { requirement: 'login', run: (_args, call) => loginOf(call).caller?.user.subject ?? 'nobody' }),
  ]
}

function loginOf(call: CallContext): NonNullable<ReturnType<typeof CallContext.loginOf>> {
  const login = CallContext.loginOf(call)
  if (login === undefined) throw new TypeError('this call cannot sign in')
  return login
}

function isArgs(value: unknown): value is Args {
  return typeof value === 'object' && value !== null
}
