import type { Requirement } from '../permission/requirement.js'
import type { CallContext } from './call-context.js'
import type { JsonSchema, ObjectSchema } from './json-schema.js'

/**
 * Who may use an operation: everybody who reaches the server, callers that meet the requirement, or clients whose session
 * can be signed in with the five tools (`login`: those tools themselves).
 */
export type Protection =
  | { readonly access: 'public' }
  | { readonly access: 'login' }
  | {
      readonly access: 'protected'
      readonly requirement: Requirement
      /** Only callers with a bearer token may use it, not those who signed in with the five tools. */
      readonly bearerOnly?: boolean
    }

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

/** One tool as data, with its schemas compiled and its invocation planned at start. */
export interface Operation {
  readonly name: string
  readonly title: string | undefined
  readonly description: string | undefined
  readonly annotations: OperationAnnotations | undefined
  readonly inputSchema: ObjectSchema
  readonly outputSchema: JsonSchema | undefined
  readonly protection: Protection
  /** The operation asks the user questions while it runs (`CallContext.elicit`). */
  readonly elicits: boolean
  /** It takes rights away: it runs also where that cannot be recorded yet, and its rows are written later. */
  readonly revokes?: boolean
  /** `file:line:column` of the user's declaration. */
  readonly declaredAt: string
  /** Checks arguments against what is listed and builds what the handler is given. The message may be shown to the caller. */
  parseInput(args: unknown): Parsed<unknown> | Promise<Parsed<unknown>>
  /** Checks a structured answer against `outputSchema`. */
  parseOutput(
    value: Readonly<Record<string, unknown>>,
  ): Parsed<Readonly<Record<string, unknown>>> | Promise<Parsed<Readonly<Record<string, unknown>>>>
  /** Runs the handler. `input` comes from `parseInput`. */
  invoke(input: unknown, call: CallContext): unknown
}
