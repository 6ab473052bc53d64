import type { Configuration } from 'oidc-provider'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import { callerAtWork } from '../http/client-address.js'
import { orUnavailable, type ErrorsOfProvider } from '../provider/oidc-adapter.js'
import { tooManyDocuments, type ClientDocuments } from './client-documents.js'

type Features = NonNullable<Configuration['features']>

/** How long the provider keeps a document that it has accepted, in seconds: longer than a sign-in takes, shorter than a day. */
const cacheDuration = { min: 10 * 60, max: 24 * 60 * 60 }

/** Lets the provider have the documents that are at hand; without documents the feature is off. */
export function documentFeature(
  documents: ClientDocuments | undefined,
  errors: ErrorsOfProvider,
): NonNullable<Features['clientIdMetadataDocument']> {
  if (documents === undefined) return { enabled: false }
  return {
    enabled: true,
    ack: 'draft-02',
    cacheDuration,
    allowClient: () => true,
    allowFetch: async (_context, id: string) => {
      const outcome = await orUnavailable(documents.find(id, callerAtWork()), errors)
      if (outcome.kind === 'document') return true
      if (outcome.kind === 'refused') throw new errors.InvalidClient(outcome.problem)
      const cause = new UpstreamError('OVERLOADED', tooManyDocuments)
      const busy = new errors.TemporarilyUnavailable(cause.message, { cause })
      throw Object.assign(busy, { status: 503, statusCode: 503, allow_redirect: false })
    },
  }
}

/** The provider's way out: to the documents that it was allowed to have, and to nowhere else. */
export function documentFetch(documents: ClientDocuments | undefined): NonNullable<Configuration['fetch']> {
  return async (input) => {
    const id = input instanceof Request ? input.url : String(input)
    const outcome = await documents?.find(id, callerAtWork())
    if (outcome?.kind !== 'document') throw new TypeError('the authorization server fetches client documents only')
    const { body, headers, status } = outcome.answer
    return new Response(Buffer.from(body), { status, headers: Object.fromEntries(headers) })
  }
}
