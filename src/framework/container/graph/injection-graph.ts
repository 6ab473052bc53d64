import { ConfigurationError, type ConfigurationErrorCode } from '../../../core/error/configuration-error.js'
import { ServiceAccess } from '../../../core/external-service/service-access.js'
import { UserContext } from '../../../core/identity/user-context.js'
import { classRecord } from '../../decorator/record.js'
import type { Class } from '../../decorator/reflect.js'
import { isClass, isInjectionKey, keyLabel, type InjectionKey } from '../../decorator/token.js'
import type { Asked } from './constructor-parameters.js'
import type { FaultList } from '../fault-list.js'
import type { GraphNode } from './graph-node.js'
import { injectionCauses } from './injection-causes.js'
import { classNode, injectableNode, isCallValue, providerNode } from './provider-node.js'
import type { Provider } from '../provider.js'

/** Where the graph begins. */
export interface GraphOptions {
  readonly servers: readonly Class[]
  readonly providers: readonly Provider[]
  readonly faults: FaultList
}

/** What asks for what. It is walked before anything is built, so that circles and values of one call in the wrong place are found first. */
export class InjectionGraph {
  readonly #faults: FaultList
  readonly #nodes = new Map<InjectionKey, GraphNode>()
  /** Keys whose node could not be made: a fault is noted already. */
  readonly #broken = new Set<InjectionKey>()
  readonly #ordered = new Set<GraphNode>()

  constructor({ servers, providers, faults }: GraphOptions) {
    this.#faults = faults
    for (const provider of providers) this.#provide(provider)
    for (const server of servers) this.#serve(server)
    for (const node of this.#nodes.values()) this.#visit(node, [])
  }

  /** Every node that is needed, dependencies before those that ask for them. */
  get order(): readonly GraphNode[] {
    return [...this.#ordered]
  }

  /** Whether the container knows how to build what a key asks for. */
  canInject(key: InjectionKey): boolean {
    return this.#find(key) !== undefined || this.#broken.has(key)
  }

  /** Adds what an operation asks for. */
  require(key: InjectionKey): void {
    const node = this.#find(key)
    if (node !== undefined) this.#visit(node, [])
  }

  /** Notes every singleton that would keep what belongs to one call. */
  checkScopes(): void {
    for (const node of this.#ordered) {
      if (node.scope !== 'singleton') continue
      for (const asked of node.asks) {
        const route = this.#routeToCall(asked.value)
        if (route !== undefined) this.#faults.add(captive(node, asked, route))
      }
    }
  }

  /** Whether building this needs a call. */
  isCallBound(key: InjectionKey): boolean {
    return this.#routeToCall(key) !== undefined
  }

  /** Whether building this needs a caller who is signed in. */
  needsUser(key: InjectionKey): boolean {
    return this.#reaches(key).has(UserContext)
  }

  /** Whether building this needs the external services of a call. */
  needsServices(key: InjectionKey): boolean {
    return this.#reaches(key).has(ServiceAccess)
  }

  /** The call-scoped nodes behind these keys, dependencies first. */
  callScoped(keys: readonly InjectionKey[]): readonly GraphNode[] {
    const reached = new Set(keys.flatMap((key) => [...this.#reaches(key)]))
    return this.order.filter((node) => node.scope === 'call' && reached.has(node.key))
  }

  #provide(provider: Provider): void {
    const node = this.#faults.attempt(() => providerNode(provider))
    if (node === undefined) return void this.#break(provider)
    if (this.#nodes.has(node.key)) {
      this.#faults.add(new ConfigurationError('ERR_CONFIG_PROVIDER', `${node.label} is provided twice`))
    }
    this.#nodes.set(node.key, node)
  }

  #serve(server: Class): void {
    const [record] = classRecord(server)?.servers ?? []
    if (record === undefined) return
    const { declaration } = record
    if (this.#nodes.has(server)) {
      this.#faults.add(
        declaration.fault('ERR_CONFIG_PROVIDER', `${keyLabel(server)} is a server; it cannot be provided as well`),
      )
    }
    const node = this.#faults.attempt(() => classNode(server, { scope: 'singleton', declaration }))
    if (node === undefined) this.#broken.add(server)
    else this.#nodes.set(server, node)
  }

  #break(provider: Provider): void {
    const key: unknown = isClass(provider)
      ? provider
      : provider !== null && typeof provider === 'object' && provider.provide
    if (isInjectionKey(key)) this.#broken.add(key)
  }

  #find(key: InjectionKey): GraphNode | undefined {
    const known = this.#nodes.get(key)
    if (known !== undefined || this.#broken.has(key) || !isClass(key)) return known
    const injectables = classRecord(key)?.injectables ?? []
    if (injectables.length === 0) return undefined
    const node = this.#faults.attempt(() => injectableNode(key))
    if (node === undefined) this.#broken.add(key)
    else this.#nodes.set(key, node)
    return node
  }

  #visit(node: GraphNode, trail: readonly GraphNode[]): void {
    if (this.#ordered.has(node)) return
    const start = trail.indexOf(node)
    if (start !== -1) return this.#faults.add(circle([...trail.slice(start), node]))
    const extended = [...trail, node]
    for (const asked of node.asks) this.#ask(asked, extended)
    this.#ordered.add(node)
  }

  #ask(asked: Asked, trail: readonly GraphNode[]): void {
    const { value, parameter } = asked
    if (isCallValue(value)) return
    const found = isInjectionKey(value) ? this.#find(value) : undefined
    if (found !== undefined) return this.#visit(found, trail)
    if (isInjectionKey(value) && this.#broken.has(value)) return
    const owner = trail.at(-1)?.label ?? ''
    const message = `${parameter} of ${owner} ${injectionCauses(value)}`
    this.#faults.add(faultOn(trail, { code: 'ERR_CONFIG_PARAMETER', message, path: trail.map(({ label }) => label) }))
  }

  /** The way from something asked for to what belongs to one call, if there is one outside other singletons. */
  #routeToCall(value: unknown, seen: ReadonlySet<unknown> = new Set()): readonly string[] | undefined {
    if (!isInjectionKey(value) || seen.has(value)) return undefined
    if (isCallValue(value)) return [keyLabel(value)]
    const node = this.#nodes.get(value)
    if (node?.scope === 'call') return [node.label]
    if (node?.scope !== 'transient') return undefined
    for (const asked of node.asks) {
      const route = this.#routeToCall(asked.value, new Set([...seen, value]))
      if (route !== undefined) return [node.label, ...route]
    }
    return undefined
  }

  #reaches(key: InjectionKey): ReadonlySet<unknown> {
    const reached = new Set<unknown>([key])
    for (const value of reached) {
      const node = isInjectionKey(value) ? this.#nodes.get(value) : undefined
      for (const asked of node?.asks ?? []) reached.add(asked.value)
    }
    return reached
  }
}

function captive(node: GraphNode, asked: Asked, route: readonly string[]): ConfigurationError {
  const via = route.length === 1 ? '' : ` through ${route.slice(0, -1).join(' and ')}`
  const message =
    `${asked.parameter} of ${node.label} asks${via} for ${route.at(-1) ?? ''}, which belongs to one call, but ${node.label} outlives it ` +
    "and would show one caller's to the next: take it as a parameter of the operation, or use @Injectable({ scope: 'call' })"
  return faultOn([node], { code: 'ERR_CONFIG_SCOPE', message, path: [node.label, ...route] })
}

function circle(nodes: readonly GraphNode[]): ConfigurationError {
  const path = nodes.map(({ label }) => label)
  const message = `a circle: ${path.join(' -> ')}; none of them can be built first`
  return faultOn(nodes.slice(0, 1), { code: 'ERR_CONFIG_CYCLE', message, path })
}

interface GraphFault {
  readonly code: ConfigurationErrorCode
  readonly message: string
  readonly path: readonly string[]
}

/** A fault of the last node of a trail, naming who needed it. */
function faultOn(trail: readonly GraphNode[], { code, message, path }: GraphFault): ConfigurationError {
  const needing = trail.slice(0, -1).toReversed()
  const neededBy = needing.map((node) => `, needed by ${node.label}${at(node)}`).join('')
  const declared = trail.findLast(({ declaration }) => declaration !== undefined)?.declaration
  const last = trail.at(-1)
  return new ConfigurationError(code, `${message}${last === undefined ? '' : at(last)}${neededBy}`, {
    declaredAt: declared?.position,
    path,
  })
}

function at({ declaration }: GraphNode): string {
  return declaration === undefined ? '' : ` (${declaration.position})`
}
