import { CallContext } from '../../../core/operation/call-context.js'
import type { JsonSchema } from '../../../core/operation/json-schema.js'
import type { Operation, OperationAnnotations, Parsed } from '../../../core/operation/operation.js'
import type { LoginSession } from '../../../core/sign-in/login-session.js'
import { compileArguments, type ArgumentSpec } from '../../../framework/schema/compile-arguments.js'
import type { CompiledSchema } from '../../../framework/schema/compiled-schema.js'
import { isRecord } from '../../../framework/schema/json-value.js'
import { adoptSchema } from '../../../framework/schema/standard/adopt-schema.js'
import { compileAdopted } from '../../../framework/schema/standard/compile-adopted.js'

/** Arguments that have passed the listed schema. */
export type ToolInput = Readonly<Record<string, unknown>>

/** One of the five tools: what is listed, and what it does in a session. */
export interface SignInTool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly hints: Omit<OperationAnnotations, 'title'>
  readonly arguments: readonly ArgumentSpec[]
  /** The members of its answer; those in `always` are in every one. */
  readonly answer: Readonly<Record<string, JsonSchema>>
  readonly always: readonly string[]
  /** It takes rights away (`Operation.revokes`). */
  readonly revokes?: true
  /** What is wrong with arguments that the schema takes, in words for the caller. */
  readonly problem?: (input: ToolInput) => string | undefined
  readonly run: (session: LoginSession, input: ToolInput) => Promise<object>
}

/** The tool as an operation for whoever has a session that can be signed in. */
export function signInOperation(tool: SignInTool): Operation {
  const { name, title, description, hints, answer, always } = tool
  const input = compileArguments(tool.arguments)
  const outputSchema = adoptSchema(name, { type: 'object', properties: answer, required: always })
  const check = compileAdopted(name, outputSchema)
  return {
    name,
    title,
    description,
    annotations: { title, ...hints },
    inputSchema: input.schema,
    outputSchema,
    protection: { access: 'login' },
    elicits: false,
    revokes: tool.revokes === true,
    declaredAt: `authsec (${name})`,
    parseInput: (args) => parsed(tool, input, args),
    parseOutput: (value) => {
      const message = check(value)
      return message === undefined ? { valid: true, value } : { valid: false, message }
    },
    invoke: async (given, call) => tool.run(sessionOf(name, call), isRecord(given) ? given : {}),
  }
}

async function parsed({ problem }: SignInTool, input: CompiledSchema, args: unknown): Promise<Parsed<unknown>> {
  const result = await input.parse(args)
  if (!result.valid || problem === undefined) return result
  const message = problem(isRecord(result.value) ? result.value : {})
  return message === undefined ? result : { valid: false, message }
}

function sessionOf(name: string, call: CallContext): LoginSession {
  const session = CallContext.loginOf(call)
  if (session === undefined) throw new TypeError(`${name} was invoked without a session that can be signed in`)
  return session
}
