import { foreignReference, sessionReference } from './session-reference.js'
import type { SignInTool } from './sign-in-operation.js'
import { nextStepMember, sessionArgument, sessionMember, statusMember, unknownSession } from './tool-member.js'
import { userInfoOf, userInfoProperties } from './user-info.js'

/** `oauth_user_info`: who is signed in in this session, and what they hold. */
export function userInfoTool(): SignInTool {
  return {
    name: 'oauth_user_info',
    title: 'Who is signed in',
    description:
      'Tells who is signed in in this session and what they hold: roles, groups, scopes, resources and permissions. Call ' +
      'it when the user asks who they are, or what they may do and why.',
    hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    arguments: [sessionArgument],
    answer: {
      status: statusMember('not_found'),
      session_id: sessionMember,
      ...userInfoProperties,
      next_step: nextStepMember,
    },
    always: ['session_id', 'next_step'],
    run: async (session, input) => {
      const foreign = foreignReference(session, input['session_id'])
      if (foreign !== undefined) return unknownSession(foreign)
      const session_id = sessionReference(session)
      if (session.caller === undefined) {
        return { status: 'not_found', session_id, next_step: 'Call oauth_start to sign the user in.' }
      }
      const next_step = 'Use this to answer the user, and go on by calling the tools that are listed.'
      return { session_id, ...userInfoOf(session.caller), next_step }
    },
  }
}
