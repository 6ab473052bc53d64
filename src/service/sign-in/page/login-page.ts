import type { LoginView } from '../../../core/sign-in/login-flow.js'
import { renderCodePage } from './code-page.js'
import { renderConfirmPage } from './confirm-page.js'
import { renderConfirmedPage } from './confirmed-page.js'
import { notices, renderNoticePage } from './notice-page.js'

/** What the pages of one server and one browser have in common. */
export interface LoginPageContext {
  readonly serverName: string
  /** Whether the browser is on the server's machine, or may be anywhere. */
  readonly machine: 'same' | 'any'
  /** Seconds since the epoch. */
  readonly now: number
  /** Token for the form, where the page has one. */
  readonly csrf: string
  readonly problem?: string | undefined
}

export interface LoginPage {
  readonly status: number
  readonly page: string
}

/** The page for what this browser is to see. */
export function renderLoginPage(view: LoginView, context: LoginPageContext): LoginPage {
  const { serverName, csrf, problem } = context
  switch (view.kind) {
    case 'confirm':
      return { status: 200, page: renderConfirmPage({ ...context, ...view }) }
    case 'confirmed':
      return { status: 200, page: renderConfirmedPage({ serverName, csrf, problem }) }
    case 'code':
      return { status: 200, page: renderCodePage({ serverName, ...view }) }
    case 'ended':
      return { status: 200, page: renderNoticePage(serverName, notices[view.how]) }
    case 'elsewhere':
      return { status: 403, page: renderNoticePage(serverName, notices.elsewhere) }
    case 'unknown':
      return { status: 404, page: renderNoticePage(serverName, notices.unknown) }
  }
}
