import type { OAuthClientProvider, OAuthDiscoveryState } from '@modelcontextprotocol/sdk/client/auth.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { BrowserJar, type Shown } from './browser-jar.js'

/** An MCP client whose user is a scripted browser that signs in and allows what is asked. */
export class HeadlessClient implements OAuthClientProvider {
  readonly redirectUrl = 'http://127.0.0.1:8976/callback'
  /** Where it says what it is, instead of registering. */
  clientMetadataUrl?: string
  readonly jar: BrowserJar
  saved: OAuthTokens | undefined
  /** Whether it asks for refresh tokens when it registers. */
  refreshes = true
  /** Further members of what it registers. */
  readonly alsoRegisters: Record<string, unknown> = {}
  /** What the client asked the user for, each time. */
  readonly asked: URL[] = []
  /** What the client was sent back with. */
  answer: URL | undefined
  #information: OAuthClientInformationMixed | undefined
  #discovery: OAuthDiscoveryState | undefined
  #verifier = ''
  readonly #signIn: (jar: BrowserJar, url: URL) => Promise<Shown>

  constructor(signIn: (jar: BrowserJar, url: URL) => Promise<Shown>, jar = new BrowserJar()) {
    this.jar = jar
    this.#signIn = signIn
  }

  get code(): string | undefined {
    return this.answer?.searchParams.get('code') ?? undefined
  }

  get clientMetadata() {
    return {
      client_name: 'Headless',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', ...(this.refreshes ? ['refresh_token'] : [])],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'read write',
      ...this.alsoRegisters,
    }
  }

  clientInformation(): OAuthClientInformationMixed | undefined {
    return this.#information
  }

  saveClientInformation(information: OAuthClientInformationMixed): void {
    this.#information = information
  }

  tokens(): OAuthTokens | undefined {
    return this.saved
  }

  saveTokens(tokens: OAuthTokens): void {
    this.saved = tokens
  }

  async redirectToAuthorization(url: URL): Promise<void> {
    this.asked.push(url)
    const consent = await this.#signIn(this.jar, url)
    this.answer = consent.left ?? (await this.jar.press(consent, 'allow')).left
  }

  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.#discovery = state
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovery
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier
  }

  codeVerifier(): string {
    return this.#verifier
  }
}
