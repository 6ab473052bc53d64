import type { LoginSession } from '../../../core/sign-in/login-session.js'
import { loginSeconds } from '../../../core/sign-in/login-transaction.js'
import { plainText } from './plain-text.js'
import { refusalResult } from './refusal.js'
import { sessionReference } from './session-reference.js'
import type { SignInTool } from './sign-in-operation.js'
import type { SignInToolsOptions } from './sign-in-tools-options.js'
import { nextStepMember, sessionMember, statusMember } from './tool-member.js'

const answer = {
  status: statusMember('ready_for_authentication'),
  session_id: sessionMember,
  authorization_url: { type: 'string', description: 'Where the user signs in. Show it to the user in full.' },
  callback_url: { type: 'string', description: 'Where the identity provider sends the browser back to.' },
  client_id_used: { type: 'string', description: 'The application that the user signs in to.' },
  browser_opened: { type: 'boolean', description: 'Whether the server has opened the browser of the user itself.' },
  app_name: { type: 'string', description: 'The name of the application.' },
  confirmation_number: { type: 'string', description: 'The number that the page must show. Tell it to the user.' },
  expires_in: { type: 'integer', description: 'Seconds that the user has to sign in.' },
  instructions: { type: 'array', items: { type: 'string' }, description: 'What the user has to do, step by step.' },
  next_step: nextStepMember,
} as const

/** `oauth_start`: begins a sign-in and says where the user goes on with it. */
export function startTool(options: SignInToolsOptions): SignInTool {
  return {
    name: 'oauth_start',
    title: 'Sign in',
    description:
      'Starts signing the user in. Call it when the user wants to sign in, or when something they ask for needs a tool ' +
      'that is not listed. It answers with an address that the user has to open in a browser, and with a number that ' +
      'the page there must show. It signs nobody in by itself: follow next_step of its answer.',
    hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    arguments: [
      {
        name: 'open_browser',
        type: Boolean,
        description:
          'Whether the server may open the browser by itself, which it can only where it runs on the computer of the ' +
          'user. It may unless this is false.',
        required: false,
      },
    ],
    answer,
    always: Object.keys(answer),
    run: async (session, input) => start(options, session, input['open_browser'] !== false),
  }
}

async function start(options: SignInToolsOptions, session: LoginSession, mayOpen: boolean): Promise<object> {
  const { flow, publicUrl } = options
  const browser = mayOpen ? options.browser : undefined
  const started = await flow.start(session, browser !== undefined)
  if (started.outcome === 'limited') {
    return refusalResult({
      error: 'rate_limited',
      retry_after: started.secondsLeft,
      next_step: 'Wait for retry_after seconds, then call oauth_start again if the user still wants to sign in.',
    })
  }
  const { id, ticket, number } = started
  // The ticket ends in a sign-in without a code: it is for this computer's browser and for nobody who reads the answer.
  const isOpen = ticket !== undefined && (await browser?.open(`${publicUrl}/authsec/login/${ticket}`)) === true
  return {
    status: 'ready_for_authentication',
    session_id: sessionReference(session),
    authorization_url: `${publicUrl}/authsec/login/${id}`,
    callback_url: `${publicUrl}/authsec/login/callback`,
    client_id_used: options.clientId,
    browser_opened: isOpen,
    app_name: plainText(options.appName),
    confirmation_number: number,
    expires_in: loginSeconds,
    ...(isOpen ? inOpenedBrowser(number) : byLink(number)),
  }
}

interface Guidance {
  readonly instructions: readonly string[]
  readonly next_step: string
}

function byLink(number: string): Guidance {
  return {
    instructions: [
      'Open authorization_url in your browser.',
      `Check that the page shows the number ${number}. If it shows another one, cancel there.`,
      'Continue, and sign in with your account.',
      'At the end the page shows a one-time code. Give it to your assistant within five minutes, and to nobody else.',
    ],
    next_step:
      'Show the user authorization_url and confirmation_number, ask them to sign in there and to give you the code that ' +
      'the page shows at the end, then call oauth_authenticate with that code.',
  }
}

function inOpenedBrowser(number: string): Guidance {
  return {
    instructions: [
      'Go to the browser window that has just opened. If there is none, open authorization_url yourself.',
      `Check that the page shows the number ${number}. If it shows another one, cancel there.`,
      'Continue, and sign in with your account.',
      'Come back when the page says that you are signed in. If it shows a one-time code, give it to your assistant.',
    ],
    next_step:
      'Tell the user to compare confirmation_number with the page in their browser and to sign in there, wait until they ' +
      'say that they are done, then call oauth_status.',
  }
}
