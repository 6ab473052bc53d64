import type { Caller } from '../../../core/identity/caller.js'
import type { LoginSession } from '../../../core/sign-in/login-session.js'
import { foreignReference, sessionReference } from './session-reference.js'
import type { SessionSignIn } from '../../../core/sign-in/session-sign-in.js'
import type { SignInTool } from './sign-in-operation.js'
import type { SignInToolsOptions } from './sign-in-tools-options.js'
import {
  expiryMember,
  nextStepMember,
  sessionArgument,
  sessionMember,
  statusMember,
  unknownSession,
} from './tool-member.js'
import { userInfoOf, userInfoSchema } from './user-info.js'

type Progress = Awaited<ReturnType<SessionSignIn['progress']>>

/** `oauth_status`: whether somebody is signed in in this session. */
export function statusTool({ sessionSignIn }: SignInToolsOptions): SignInTool {
  return {
    name: 'oauth_status',
    title: 'Sign-in status',
    description:
      'Tells whether a user is signed in in this session, and who. Call it when the user says that they have signed in ' +
      'in a browser that the server opened, when a tool is no longer listed, or before oauth_start when you are not sure.',
    hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    arguments: [sessionArgument],
    answer: {
      status: statusMember('authenticated', 'pending', 'cancelled', 'failed', 'expired', 'not_found'),
      session_id: sessionMember,
      expires_at: expiryMember,
      user_info: userInfoSchema,
      next_step: nextStepMember,
    },
    always: ['status', 'session_id', 'next_step'],
    run: async (session, input) => {
      const foreign = foreignReference(session, input['session_id'])
      if (foreign !== undefined) return unknownSession(foreign)
      if (session.caller !== undefined) return signedIn(session, session.caller)
      return signedOut(session, await sessionSignIn.progress(session))
    },
  }
}

function signedIn(session: LoginSession, caller: Caller): object {
  const info = userInfoOf(caller)
  return {
    status: 'authenticated',
    session_id: sessionReference(session),
    expires_at: info['expires_at'],
    user_info: info,
    next_step: 'Go on with what the user wanted by calling the tools that are listed now.',
  }
}

function signedOut(session: LoginSession, progress: Progress): object {
  const session_id = sessionReference(session)
  const answer = answers[progress]
  if (answer.status === 'not_found' && session.signIn !== undefined) {
    return { status: 'expired', session_id, next_step: 'Call oauth_start to sign the user in again.' }
  }
  return { ...answer, session_id }
}

const nobody = { status: 'not_found', next_step: 'Call oauth_start to sign the user in.' } as const

const failed = {
  status: 'failed',
  next_step: 'Tell the user that the sign-in did not succeed, and call oauth_start if they want to try again.',
} as const

const answers: Readonly<Record<Progress, { readonly status: string; readonly next_step: string }>> = {
  none: nobody,
  // What was completed has ended since, or it would be known who is signed in.
  completed: nobody,
  'logged-out': nobody,
  pending: {
    status: 'pending',
    next_step:
      'Wait until the user has signed in in their browser, then call oauth_authenticate with the code that the page ' +
      'shows, or oauth_status again if it shows none.',
  },
  denied: {
    status: 'cancelled',
    next_step:
      'Tell the user that the sign-in was cancelled in the browser, and call oauth_start only if they want to.',
  },
  failed,
  exhausted: failed,
}
