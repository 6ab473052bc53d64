import { foreignReference, sessionReference } from './session-reference.js'
import type { SignInTool } from './sign-in-operation.js'
import type { SignInToolsOptions } from './sign-in-tools-options.js'
import { nextStepMember, sessionArgument, sessionMember, statusMember, unknownSession } from './tool-member.js'

/** `oauth_logout`: ends the sign-in of this session, and whatever was started in it. */
export function logoutTool({ sessionSignIn }: SignInToolsOptions): SignInTool {
  return {
    name: 'oauth_logout',
    title: 'Sign out',
    description:
      'Signs the user out of this session at once and calls off a sign-in that is under way. Call it when the user asks ' +
      'to sign out. The tools that needed a sign-in are no longer listed afterwards.',
    hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    arguments: [sessionArgument],
    answer: {
      status: statusMember('logged_out', 'not_found'),
      session_id: sessionMember,
      next_step: nextStepMember,
    },
    always: ['status', 'session_id', 'next_step'],
    revokes: true,
    run: async (session, input) => {
      const foreign = foreignReference(session, input['session_id'])
      if (foreign !== undefined) return unknownSession(foreign)
      await sessionSignIn.signOut(session, 'logged_out')
      return {
        status: 'logged_out',
        session_id: sessionReference(session),
        next_step:
          'Tell the user that they are signed out here, while their browser may stay signed in on the sign-in page, and ' +
          'call oauth_start only when they want to sign in again.',
      }
    },
  }
}
