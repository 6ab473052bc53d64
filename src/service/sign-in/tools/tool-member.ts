import type { JsonSchema } from '../../../core/operation/json-schema.js'
import type { ArgumentSpec } from '../../../framework/schema/compile-arguments.js'

/** The argument that names the session. It is not needed: a call comes from its session and from no other. */
export const sessionArgument: ArgumentSpec = {
  name: 'session_id',
  type: String,
  description: 'The session_id of an earlier answer. Leave it out; if given, it must be that of this session.',
  required: false,
}

/** The members that answers have in common. */
export const sessionMember: JsonSchema = { type: 'string', description: 'Names this session. It is no secret.' }
export const nextStepMember: JsonSchema = { type: 'string', description: 'What to do next, in one sentence.' }
export const expiryMember: JsonSchema = {
  type: 'integer',
  description: 'When the sign-in ends at the latest, in seconds since the epoch.',
}

/** The `status` of an answer. */
export function statusMember(...words: readonly string[]): JsonSchema {
  return { type: 'string', enum: words, description: 'How things stand.' }
}

/** The answer to a `session_id` that is not this session's: the same whether or not there is such a session. */
export function unknownSession(reference: string): object {
  return {
    status: 'not_found',
    session_id: reference,
    next_step: 'Call the tool again without session_id, since this one does not name this session.',
  }
}
