import type { FoundProvider } from '../../app/administration/found-provider.js'
import type { ProviderReport } from '../../app/administration/test-provider.js'
import { formatMembers } from '../format-members.js'
import { formatTable } from '../format-table.js'

/** A provider as JSON, without the secret of our client there. */
export function providerJson({ settings, ...found }: FoundProvider): Readonly<Record<string, unknown>> {
  if ('fault' in settings) return { ...found, fault: settings.fault }
  const { clientSecret, ...decided } = settings
  return { ...found, ...decided, clientSecret: clientSecret === undefined ? 'none' : 'set' }
}

/** One line each. */
export function formatProviders(found: readonly FoundProvider[]): string {
  const rows = found.map(({ application, kind, name, settings, tenant }) => {
    const [issuer, fault] = 'fault' in settings ? ['', settings.fault] : [settings.issuer, '']
    return [tenant, name, kind, issuer, application ?? 'all', fault]
  })
  return formatTable(['TENANT', 'NAME', 'KIND', 'ISSUER', 'APPLICATION', 'FAULT'], rows)
}

/** Everything that is decided about it, a line each. */
export function formatProvider(found: FoundProvider): string {
  return formatMembers(providerJson(found))
}

/** What a test has found. */
export function formatReport({ issuer, name, outcome, problems, redirectUri, tenant }: ProviderReport): string {
  const title = `${name} of ${tenant}${issuer === undefined ? '' : `: ${issuer}`}`
  const found =
    outcome === 'passed' ? ['✓ nothing stands in the way of signing in'] : problems.map((problem) => `✗ ${problem}`)
  return [title, ...found, '', `redirect URI to register there: ${redirectUri}`].join('\n')
}
