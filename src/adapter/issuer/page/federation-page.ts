import type { FederationFailure } from '../../../core/federation/federation-failure.js'
import { html } from './html.js'
import { renderPage } from './render-page.js'

export interface FederationPage {
  readonly serverName: string
  readonly reason: FederationFailure
  /** Where to try again, where this browser may know it. */
  readonly back: string | undefined
  /** For an administrator to look up. */
  readonly reference: string | undefined
}

interface Words {
  readonly status: number
  readonly message: string
}

const words: Readonly<Record<FederationFailure, Words>> = {
  ERR_ACCOUNT_DISABLED: {
    status: 403,
    message: 'Your account is disabled. Ask an administrator of your organisation.',
  },
  ERR_FEDERATION_ADDRESS_TAKEN: {
    status: 403,
    message:
      'There is an account with your e-mail address already. Sign in to it as you did before, or ask an administrator of your ' +
      'organisation to link it to this way of signing in.',
  },
  ERR_FEDERATION_INVITATION: {
    status: 403,
    message: 'This invitation was used already, or has expired. Ask your administrator for a new one.',
  },
  ERR_FEDERATION_LINKED: {
    status: 403,
    message:
      'Whom you signed in as there has another account here already. Open your invitation again and sign in as somebody else, or ' +
      'ask an administrator of your organisation.',
  },
  ERR_FEDERATION_NEVER_FRESH: {
    status: 403,
    message:
      'The application wants you to prove now who you are, and this way of signing in cannot ask you to. Sign in in another way, ' +
      'or go back to the application.',
  },
  ERR_FEDERATION_REMOVED: {
    status: 403,
    message: 'This way of signing in is not offered any more. Choose another one.',
  },
  ERR_FEDERATION_SHUT_OUT: {
    status: 403,
    message: 'You cannot sign in in this way. Ask an administrator of your organisation.',
  },
  ERR_FEDERATION_STALE: {
    status: 403,
    message:
      'The application wants you to prove now who you are, and the service that you signed in with does not say that you did. ' +
      'Sign out there and try again, or sign in in another way.',
  },
  ERR_FEDERATION_UNINVITED: {
    status: 403,
    message:
      'You have no account here yet. Ask an administrator of your organisation to make one and to link it to you.',
  },
  ERR_FEDERATION_UNVERIFIED: {
    status: 403,
    message: 'An account needs an e-mail address that is verified. Verify yours where you signed in, and try again.',
  },
  ERR_IDP_UNAVAILABLE: {
    status: 503,
    message:
      'The service that you want to sign in with does not answer right now. Try again soon, or sign in in another way.',
  },
  ERR_LOGIN_BROWSER: {
    status: 400,
    message: 'This sign-in was begun in another browser. Go back to the application and start again.',
  },
  ERR_LOGIN_DENIED: {
    status: 403,
    message: 'The sign-in was not allowed there. Try again, or sign in in another way.',
  },
  ERR_LOGIN_LIMITED: { status: 429, message: 'Too many sign-ins were started from here. Try again in a few minutes.' },
  ERR_LOGIN_MALFORMED: {
    status: 400,
    message: 'This link is incomplete or wrong. Go back to the application and start again.',
  },
  ERR_LOGIN_PROVIDER: {
    status: 403,
    message:
      'What came back does not prove who you are, so nobody was signed in. Try again, or sign in in another way.',
  },
  ERR_LOGIN_REPLAYED: {
    status: 400,
    message: 'This sign-in was used already. Try again, or go back to the application.',
  },
  ERR_LOGIN_UNKNOWN: {
    status: 400,
    message: 'This sign-in has expired, or was used already. Go back to the application and start again.',
  },
  ERR_TENANT_NOT_ADMITTED: { status: 403, message: 'Your organisation cannot sign in here at the moment.' },
}

/** The page for a sign-in with an identity provider that did not go on, in our own words. */
export function renderFederationPage(page: FederationPage): { readonly status: number; readonly page: string } {
  const { back, reason, reference, serverName } = page
  const { message, status } = words[reason]
  const body = html`<h1>Not signed in</h1>
    <p class="problem" role="alert">${message}</p>
    ${back === undefined ? undefined : html`<p><a class="button" href="${back}">Back to signing in</a></p>`}
    ${reference === undefined ? undefined : html`<p class="fact">Reference for administrators: <code>${reference}</code></p>`}`
  return { status, page: renderPage({ title: 'Not signed in', serverName, body }) }
}
