import type { LoginFailure } from '../../../core/sign-in/login-failure.js'
import type { LoginSession } from '../../../core/sign-in/login-session.js'
import type { SignInOutcome } from '../../../core/sign-in/session-sign-in.js'
import { refusalResult, type Refusal } from './refusal.js'
import { foreignReference, sessionReference } from './session-reference.js'
import type { SignInTool, ToolInput } from './sign-in-operation.js'
import type { SignInToolsOptions } from './sign-in-tools-options.js'
import { expiryMember, nextStepMember, sessionArgument, sessionMember, statusMember } from './tool-member.js'
import { userInfoOf, userInfoSchema } from './user-info.js'

const answer = {
  status: statusMember('authenticated'),
  session_id: sessionMember,
  user_info: userInfoSchema,
  accessible_tools: {
    type: 'array',
    items: { type: 'string' },
    description: 'The names of the tools that this user may call, besides those that sign in.',
  },
  expires_at: expiryMember,
  next_step: nextStepMember,
} as const

/** `oauth_authenticate`: a one-time code or a token makes the session signed in. */
export function authenticateTool(options: SignInToolsOptions): SignInTool {
  return {
    name: 'oauth_authenticate',
    title: 'Complete the sign-in',
    description:
      'Completes the sign-in that oauth_start began in this session. Call it with the one-time code that the page shows ' +
      'to the user after they signed in in their browser, or with a token where the server takes them: with exactly one ' +
      'of the two. The answer says who is signed in and which tools they may call from now on.',
    hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
    arguments: [
      {
        name: 'code',
        type: { type: 'string', maxLength: 64 },
        description:
          'The one-time code: 8 letters and digits, in two groups on the page. Ask the user for it and never guess, ' +
          'since a few wrong ones end the sign-in.',
        required: false,
      },
      {
        name: 'jwt_token',
        type: { type: 'string', maxLength: 16_384 },
        description:
          'Instead of a code, only if the user gives you one: an access token for this server, or the ID token of this ' +
          'sign-in. Many servers take none.',
        required: false,
      },
      sessionArgument,
    ],
    answer,
    always: Object.keys(answer),
    problem: ({ code, jwt_token }) =>
      (code === undefined) === (jwt_token === undefined) ? 'give exactly one of code and jwt_token' : undefined,
    run: async (session, input) => authenticate(options, session, input),
  }
}

async function authenticate(options: SignInToolsOptions, session: LoginSession, input: ToolInput): Promise<object> {
  if (foreignReference(session, input['session_id']) !== undefined) return refusalResult(elsewhere)
  const outcome = await used(options, session, input)
  if (outcome.outcome === 'refused') return refusalResult(refusalOf(outcome))
  const caller = await options.authenticator.recognize(outcome.reference, 'used')
  // Between the code and now the account may have lost its right to be here.
  if (caller === undefined) return refusalResult(refusals['ERR_LOGIN_ACCOUNT'])
  const accessible = options.accessibleTo(caller)
  const info = userInfoOf(caller)
  return {
    status: 'authenticated',
    session_id: sessionReference(session),
    user_info: info,
    accessible_tools: accessible,
    expires_at: info['expires_at'],
    next_step:
      accessible.length > 0
        ? 'List the tools again, and go on with what the user wanted by calling those in accessible_tools.'
        : 'Tell the user that they are signed in, and that their account has access to no further tool.',
  }
}

async function used({ sessionSignIn }: SignInToolsOptions, session: LoginSession, input: ToolInput) {
  const { code, jwt_token: token } = input
  if (typeof token === 'string') return sessionSignIn.useToken(session, token)
  return sessionSignIn.useCode(session, typeof code === 'string' ? code : '')
}

function refusalOf({ reason, secondsLeft }: Extract<SignInOutcome, { readonly outcome: 'refused' }>): Refusal {
  return { ...refusals[reason], ...(secondsLeft === undefined ? {} : { retry_after: secondsLeft }) }
}

const elsewhere: Refusal = {
  error: 'not_found',
  next_step: 'Call oauth_authenticate again without session_id, since this one does not name this session.',
}

const spent: Refusal = {
  error: 'expired_code',
  next_step:
    'Call oauth_status: no sign-in of this session waits for this code, since it has expired, was used, or belongs to ' +
    'another session.',
}

const unwelcome: Refusal = {
  error: 'not_accepted',
  next_step:
    'Tell the user that they could not be signed in, and call oauth_start if they want to try another account.',
}

/** A wrong code and the code of another session are one and the same. */
const refusals: Readonly<Record<LoginFailure, Refusal>> = {
  ERR_LOGIN_CODE: {
    error: 'invalid_code',
    next_step: 'Ask the user to read the code from the page again, then call oauth_authenticate with it.',
  },
  ERR_LOGIN_UNKNOWN: spent,
  ERR_LOGIN_REPLAYED: spent,
  ERR_LOGIN_EXHAUSTED: {
    error: 'too_many_attempts',
    next_step: 'Call oauth_start to begin again, since too many wrong codes have ended this sign-in.',
  },
  ERR_LOGIN_TOKEN: {
    error: 'invalid_token',
    next_step: 'Call oauth_start and let the user sign in in their browser, since this token is not taken here.',
  },
  ERR_LOGIN_LIMITED: {
    error: 'rate_limited',
    next_step: 'Wait for retry_after seconds, then call oauth_authenticate again.',
  },
  ERR_LOGIN_ACCOUNT: unwelcome,
  ERR_LOGIN_BROWSER: unwelcome,
  ERR_LOGIN_DENIED: unwelcome,
  ERR_LOGIN_FORGED: unwelcome,
  ERR_LOGIN_MALFORMED: unwelcome,
  ERR_LOGIN_PROVIDER: unwelcome,
}
