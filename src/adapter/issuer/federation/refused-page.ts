import type { FederationAnswer } from '../../../core/federation/federation-flow.js'
import { passwordPath } from '../account/account-link.js'
import { renderFederationPage } from '../page/federation-page.js'

/** The page of a step with a provider, most often one that was not taken. */
export interface RefusedPage {
  readonly status: number
  readonly page: string
  readonly retryAfter: number | undefined
}

type Refused = Extract<FederationAnswer<unknown>, { readonly outcome: 'refused' }>

/** What stands where a sign-in has the id of its page: the page behind an invitation. */
export const invitationPage = 'invitation'

const retrySeconds: Readonly<Partial<Record<Refused['reason'], number>>> = {
  ERR_IDP_UNAVAILABLE: 5,
  ERR_LOGIN_LIMITED: 300,
}

/** Says why, and leads back to where it began. */
export function refusedPage(serverName: string, { interaction, reason, requestId }: Refused): RefusedPage {
  const back = interaction === undefined ? undefined : pagePath(interaction)
  const rendered = renderFederationPage({ serverName, reason, reference: requestId, back })
  return { ...rendered, retryAfter: retrySeconds[reason] }
}

/** Where the page is that somebody has left for a provider. */
export function pagePath(page: string): string {
  return page === invitationPage ? passwordPath : `/authsec/signin/${page}`
}
