import { Agent as HttpAgent } from 'node:http'
import { Agent } from 'node:https'
import type { AxiosInstance, AxiosResponse, InternalAxiosRequestConfig } from 'axios'
import Vault from 'hashi-vault-js'
import { failureOf } from './failure-of.js'
import { VaultBreaker } from './vault-breaker.js'
import { VaultError } from './vault-error.js'
import { requirePlainRequest } from './vault-path.js'

/** Where Vault is, and how it is known to be that. */
export interface VaultPlace {
  /** An origin. */
  readonly address: string
  readonly namespace: string | undefined
  /** PEM certificates of the only authorities that are trusted; `undefined`: those that Node brings along. */
  readonly ca: readonly string[] | undefined
  /** For a whole answer, from the connection to the last byte. */
  readonly milliseconds: number
}

/** What the library does soundly. Its `updateKVSecret` prints the secret, and `sysMetrics` changes the headers of other requests. */
export type VaultFunctions = Pick<
  Vault,
  | 'deleteVersionsKVSecret'
  | 'eliminateKVSecret'
  | 'healthCheck'
  | 'loginWithAppRole'
  | 'loginWithK8s'
  | 'lookupSelfToken'
  | 'readKVSecret'
  | 'readKVSecretMeta'
  | 'renewSelfToken'
  | 'revokeSelfToken'
  | 'sysCapabilitiesSelf'
>

/** A request that the library has no function for, or whose answer it would cut short. */
export interface VaultRequest {
  readonly method: 'GET' | 'POST'
  /** Below `/v1/`. */
  readonly path: string
  readonly token?: string
  readonly body?: object
  /** Of a secrets engine, whose database or cloud may be down while Vault is well: its silence counts for itself alone. */
  readonly role?: string
}

const mostBytes = 1_000_000
const idleMilliseconds = 60_000
/**
 * The way to one Vault, through `hashi-vault-js`. Nothing is followed, unpacked or taken from the environment, and only JSON objects of
 * a bounded size are answers. Every failure is a `VaultError` without anything that was sent or received.
 */
export class VaultConnection {
  readonly #library: Vault
  readonly #instance: AxiosInstance
  readonly #agents: readonly HttpAgent[]
  readonly #breaker = new VaultBreaker()
  /** As many as the operator has allowed to tenants. */
  readonly #roles = new Map<string, VaultBreaker>()

  constructor(place: VaultPlace) {
    const { ca, milliseconds } = place
    const kept = { keepAlive: true, maxSockets: 32, timeout: idleMilliseconds }
    // Said here, no variable of the environment unsays it.
    const tls = {
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ...(ca === undefined ? {} : { ca: [...ca] }),
    } as const
    const httpsAgent = new Agent({ ...kept, ...tls })
    const httpAgent = new HttpAgent(kept)
    this.#agents = [httpsAgent, httpAgent]
    // With `https` it would make an agent of its own, from files, and go on without one where it cannot.
    this.#library = new Vault({
      ...{ https: false, baseUrl: `${place.address}/v1`, timeout: milliseconds, proxy: false },
      ...{ namespace: place.namespace ?? '', cert: '', key: '', cacert: '', rootPath: '' },
    })
    this.#instance = harden(this.#library, { httpsAgent, httpAgent, milliseconds })
  }

  /** What a function of the library answers with. Throws `VaultError`. */
  async call(ask: (library: VaultFunctions) => unknown): Promise<unknown> {
    return await this.#breaker.run(async () => await ask(this.#library))
  }

  /** The whole answer, as Vault wraps it. Throws `VaultError`. */
  async request({ body, method, path, role, token }: VaultRequest): Promise<unknown> {
    const headers = {
      ...(token === undefined ? {} : { 'X-Vault-Token': token }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    }
    // As text: of an object the client would leave out members such as `constructor`.
    const data = body === undefined ? undefined : JSON.stringify(body)
    return await this.#breakerOf(role).run(async () => {
      const answer = await this.#instance.request<unknown>({ method, url: path, headers, data })
      return answer.data
    })
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy()
  }

  #breakerOf(role: string | undefined): VaultBreaker {
    if (role === undefined) return this.#breaker
    const breaker = this.#roles.get(role) ?? new VaultBreaker()
    this.#roles.set(role, breaker)
    return breaker
  }
}

interface Hardening {
  readonly httpsAgent: Agent
  readonly httpAgent: HttpAgent
  readonly milliseconds: number
}

function harden(library: Vault, { httpsAgent, httpAgent, milliseconds }: Hardening): AxiosInstance {
  // The library does not say what it is.
  const instance = library.instance as AxiosInstance
  Object.assign(instance.defaults, {
    ...{ httpsAgent, httpAgent, proxy: false, maxRedirects: 0, decompress: false, allowAbsoluteUrls: false },
    ...{ maxContentLength: mostBytes, maxBodyLength: mostBytes, responseType: 'text' },
    transformResponse: [(text: unknown) => text],
  })
  // Vault agents and proxies may want it of every request, so that no browser can be made to send one.
  instance.defaults.headers.common['X-Vault-Request'] = 'true'
  instance.interceptors.request.use((request: InternalAxiosRequestConfig) => {
    requirePlainRequest(request.url ?? '')
    request.headers.set('Accept-Encoding', 'identity')
    // The client's own limit is one of silence, which a drop at a time outlasts.
    request.signal = AbortSignal.timeout(milliseconds)
    return request
  })
  instance.interceptors.response.use(readAnswer, (error: unknown) => {
    throw isMisuse(error) ? error : failureOf(error)
  })
  return instance
}

/** Said by us. What Node calls so has a code. */
function isMisuse(error: unknown): error is TypeError {
  return error instanceof TypeError && !('code' in error)
}

/** The library takes whatever comes for an answer. */
function readAnswer(response: AxiosResponse<unknown>): AxiosResponse<unknown> {
  const { data: text, status } = response
  const nothing = status === 204 && text === ''
  return { ...response, data: nothing ? {} : parseObject(text, status) }
}

function parseObject(text: unknown, status: number): object {
  try {
    const parsed: unknown = JSON.parse(String(text))
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  } catch {
    // What does not parse may be a secret cut short, and the parser would repeat it.
  }
  throw new VaultError({ kind: 'malformed', status }, 'what answers at the address of Vault is not Vault')
}
