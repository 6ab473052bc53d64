import type { OfferedProvider } from '../../../core/federation/provider/upstream-directory.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { html, type Html } from './html.js'

export interface ProviderChoice {
  readonly csrf: string
  readonly tenants: readonly Tenant[]
  readonly providers: readonly OfferedProvider[]
}

/** A button for each identity provider; where there are several organisations, under the name of the one that it is for. */
export function providerButtons({ csrf, providers, tenants }: ProviderChoice): Html | undefined {
  const groups = tenants
    .map((tenant) => ({ tenant, offered: providers.filter((provider) => provider.tenant.id === tenant.id) }))
    .filter(({ offered }) => offered.length > 0)
  if (groups.length === 0) return undefined
  return html`<form method="post" class="providers">
    <input type="hidden" name="csrf" value="${csrf}" />
    <input type="hidden" name="action" value="federate" />
    ${groups.map(
      ({ offered, tenant }) =>
        html`${tenants.length > 1 ? html`<h2><bdi>${tenant.name}</bdi></h2>` : undefined} ${offered.map(button)}`,
    )}
  </form>`
}

function button({ id, name }: OfferedProvider): Html {
  return html`<button class="button quiet" name="provider" value="${id}">
    <span>Continue with <bdi>${name}</bdi></span>
  </button>`
}
