import type { UserContext } from '../identity/user-context.js'
import type { Protected } from '../permission/protection.js'
import type { PolicyCall } from '../permission/requirement/policy.js'
import type { PolicyReference } from '../permission/requirement/requirement.js'
import type { CallContext } from './call-context.js'
import type { CallLimit } from './call-limit.js'
import type { JsonSchema, ObjectSchema } from './json-schema.js'

/** Hints for the client, as in the Model Context Protocol (`server/tools`, ToolAnnotations). Never a security property. */
export interface OperationAnnotations {
  readonly title?: string
  readonly readOnlyHint?: boolean
  readonly destructiveHint?: boolean
  readonly idempotentHint?: boolean
  readonly openWorldHint?: boolean
}

export type Parsed<Value> =
  { readonly valid: true; readonly value: Value } | { readonly valid: false; readonly message: string }

/** What a policy is asked. */
export interface PolicyQuestion {
  readonly user: UserContext
  readonly about: PolicyCall
  /** The call itself, for what has to be built for it. */
  readonly call: CallContext
}

/** One tool as data, with its schemas compiled and its invocation planned at start. */
export interface Operation extends Protected {
  readonly title: string | undefined
  readonly description: string | undefined
  readonly annotations: OperationAnnotations | undefined
  readonly inputSchema: ObjectSchema
  readonly outputSchema: JsonSchema | undefined
  /** The operation asks the user questions while it runs (`CallContext.elicit`). */
  readonly elicits: boolean
  /** The external services that it uses, by name; `ServiceAccess` refuses every other. */
  readonly services?: readonly string[]
  /** What of its arguments may be read on record, by paths of the input such as `invoice.id`; of all others there is a digest alone. */
  readonly audit?: { readonly include: readonly string[] } | undefined
  /** It takes rights away: it runs also where that cannot be recorded yet, and its rows are written later. */
  readonly revokes?: boolean
  /** How often it may be called; every one of them counts. */
  readonly limits?: readonly CallLimit[]
  /** `file:line:column` of the user's declaration. */
  readonly declaredAt: string
  /** Checks arguments against what is listed and builds what the handler is given. The message may be shown to the caller. */
  parseInput(args: unknown): Parsed<unknown> | Promise<Parsed<unknown>>
  /** Checks a structured answer against `outputSchema`. */
  parseOutput(
    value: Readonly<Record<string, unknown>>,
  ): Parsed<Readonly<Record<string, unknown>>> | Promise<Parsed<Readonly<Record<string, unknown>>>>
  /** What an instance of the policy answers; anything may come, and it may throw. Without it no policy allows anything. */
  askPolicy?(policy: PolicyReference, question: PolicyQuestion): unknown
  /** Runs the handler. `input` comes from `parseInput`. */
  invoke(input: unknown, call: CallContext): unknown
}
