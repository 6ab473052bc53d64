import { html } from '../../../adapter/issuer/page/html.js'
import { renderPage } from '../../../adapter/issuer/page/render-page.js'
import type { LoginEnd } from '../../../core/sign-in/login-transaction.js'

export interface Notice {
  readonly title: string
  /** What happened, and what to do now. */
  readonly message: string
  /** Whether it is what the user came for. */
  readonly mark?: 'done'
}

/** What is said of a sign-in that is over, or that is not this browser's to see. */
export const notices: Readonly<Record<LoginEnd | 'unknown' | 'elsewhere', Notice>> = {
  completed: {
    title: 'You are signed in',
    message: 'You can close this window and go back to your assistant.',
    mark: 'done',
  },
  denied: {
    title: 'Sign-in cancelled',
    message:
      'Nobody was signed in. You can close this window; to sign in after all, ask your assistant to start again.',
  },
  failed: {
    title: 'Sign-in failed',
    message: 'Nobody was signed in. Go back to your assistant and ask it to start again.',
  },
  exhausted: {
    title: 'Too many wrong codes',
    message:
      'The code was entered wrongly too often and works no more. Go back to your assistant and ask it to start again.',
  },
  'logged-out': {
    title: 'Signed out',
    message: 'Your assistant has signed out, which ended this sign-in. To sign in, ask it to start again.',
  },
  unknown: {
    title: 'Link expired',
    message: 'This link has expired or is wrong. Go back to your assistant and ask it to start again.',
  },
  elsewhere: {
    title: 'Opened in another browser',
    message:
      'This sign-in was started in another browser: go on there. If somebody sent you this link, close this window.',
  },
}

/** A page that only says something. */
export function renderNoticePage(serverName: string, { title, message, mark }: Notice): string {
  return renderPage({
    title,
    serverName,
    body: html`${mark === undefined ? html`<h1>${title}</h1>` : html`<h1 class="${mark}">${title}</h1>`}
      <p role="status">${message}</p>`,
  })
}
