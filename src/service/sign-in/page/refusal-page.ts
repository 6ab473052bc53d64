import { renderErrorPage } from '../../../adapter/issuer/page/error-page.js'
import type { LoginFailure } from '../../../core/sign-in/login-failure.js'
import type { LoginPage } from './login-page.js'
import { notices, renderNoticePage, type Notice } from './notice-page.js'

interface Refusal extends Notice {
  readonly status: number
}

const startAgain = 'Go back to your assistant and ask it to start again.'
const unusable: Refusal = {
  status: 400,
  title: 'Sign-in stopped',
  message: `This sign-in has expired, or its address is not complete. ${startAgain}`,
}

/** For a browser that came back from the provider and does not get on. Nothing of what it brought is repeated. */
export function renderRefusal(reason: LoginFailure, serverName: string): LoginPage {
  if (reason === 'ERR_LOGIN_DENIED') return { status: 200, page: renderNoticePage(serverName, notices.denied) }
  const { status, title, message } = refusalOf(reason, serverName)
  return { status, page: renderErrorPage({ serverName, title, message }) }
}

function refusalOf(reason: LoginFailure, serverName: string): Refusal {
  switch (reason) {
    case 'ERR_LOGIN_ACCOUNT':
      return {
        status: 403,
        title: 'No access',
        message: `This account may not use ${serverName}. Ask your assistant to start again and use another account, or ask whoever runs ${serverName}.`,
      }
    case 'ERR_LOGIN_BROWSER':
      return {
        status: 400,
        title: 'Sign-in stopped',
        message:
          'You did not start this sign-in in this browser, or cookies are off. If somebody sent you this link, close this window; otherwise go back to your assistant and ask it to start again.',
      }
    case 'ERR_LOGIN_REPLAYED':
      return {
        status: 400,
        title: 'Already done',
        message:
          'This step of the sign-in was taken before. If your assistant does not say that you are signed in, ask it to start again.',
      }
    case 'ERR_LOGIN_PROVIDER':
      return {
        status: 400,
        title: 'Sign-in failed',
        message: `The answer to your sign-in could not be trusted. ${startAgain}`,
      }
    default:
      return unusable
  }
}
