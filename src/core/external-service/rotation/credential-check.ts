import { FetchError, type FetchAnswer, type Fetcher, type FetchRequest } from '../../runtime/fetcher.js'
import type { ExternalService } from '../external-service.js'
import { introductionOf, type HeldCredential } from '../service-credential.js'
import { introduced, readServiceRequest } from '../service-request.js'
import { ServiceTokenError, type ServiceTokenSource } from '../service-tokens.js'
import { RotationFault } from './rotator.js'

export interface CredentialCheckPorts {
  readonly fetcher: Fetcher
  readonly tokens: ServiceTokenSource
}

/** Whether a service takes a credential that nobody uses yet. */
export class CredentialCheck {
  readonly #ports: CredentialCheckPorts

  constructor(ports: CredentialCheckPorts) {
    this.#ports = ports
  }

  /**
   * Asks for the path that the plan of the service names; a client secret is shown the token endpoint in any case. Throws
   * `RotationFault` where the service does not take it, and where that cannot be told.
   */
  async require(service: ExternalService, held: HeldCredential): Promise<void> {
    const path = service.rotation?.check
    const { auth } = service
    // What each user signs in with cannot be tried without a user.
    if (auth.type === 'oauth2' && auth.grant === 'authorization_code') return
    const shown = auth.type === 'oauth2' ? await this.#token(service, held) : held
    if (path === undefined) return
    const by = introductionOf(service, shown)
    if (by === undefined) throw new RotationFault(`the new credential is not one of its kind (${auth.type})`)
    const { status } = await this.#fetch(introduced(readServiceRequest(service, path, {}), by, service))
    const fault = faultOf(status)
    if (fault !== undefined) throw new RotationFault(`asked for ${path} with the new credential, it ${fault}`)
  }

  async #token({ auth, reach }: ExternalService, { members, version }: HeldCredential): Promise<HeldCredential> {
    const { client_id: clientId, client_secret: clientSecret } = members
    if (auth.type !== 'oauth2' || clientId === undefined || clientSecret === undefined) {
      throw new RotationFault('the new credential has no client id and secret')
    }
    const client = { endpoint: auth, clientId: clientId.reveal(), clientSecret, reach }
    try {
      const { accessToken } = await this.#ports.tokens.clientCredentials(client)
      return { version, members: { access_token: accessToken } }
    } catch (error) {
      if (!(error instanceof ServiceTokenError)) throw error
      throw new RotationFault(`it gave no token for the new client secret: ${error.message}`)
    }
  }

  async #fetch(request: FetchRequest): Promise<FetchAnswer> {
    try {
      return await this.#ports.fetcher.fetch(request)
    } catch (error) {
      if (!(error instanceof FetchError)) throw error
      throw new RotationFault(`the new credential could not be tried: ${error.message}`)
    }
  }
}

function faultOf(status: number): string | undefined {
  if (status === 401 || status === 403) return `does not take it (${status})`
  return status >= 400 ? `answered ${status}` : undefined
}
