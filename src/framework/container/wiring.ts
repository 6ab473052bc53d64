import '../decorator/reflect.js'
import { container, instancePerContainerCachingFactory, type DependencyContainer } from 'tsyringe'
import { UserContext } from '../../core/identity/user-context.js'
import { ServiceAccess } from '../../core/external-service/service-access.js'
import { CallContext } from '../../core/operation/call-context.js'
import { isInjectionKey, type InjectionKey } from '../decorator/token.js'
import type { GraphNode } from './graph/graph-node.js'

/** Builds and keeps instances. Nobody outside this file sees the container behind it. */
export class Wiring {
  readonly #root = container.createChildContainer()
  /** Holds what lives for one call only, so that nothing outside a call can build and keep it. */
  readonly #calls = this.#root.createChildContainer()
  readonly #symbols = new Map<unknown, symbol>()

  constructor(nodes: readonly GraphNode[]) {
    for (const node of nodes) {
      const build = (from: DependencyContainer): unknown => node.build(this.#dependencies(node, from))
      if (node.scope === 'transient') this.#root.register(this.#symbol(node.key), { useFactory: build })
      if (node.scope === 'call') {
        this.#calls.register(this.#symbol(node.key), { useFactory: instancePerContainerCachingFactory(build) })
      }
    }
  }

  /** Builds a singleton, once, from singletons that are built already. Boxed, because an instance may have a `then` of its own. */
  async buildSingleton(node: GraphNode): Promise<{ readonly instance: unknown }> {
    const built = node.build(this.#dependencies(node, this.#root))
    const instance = node.waits ? await built : built
    this.#root.register(this.#symbol(node.key), { useFactory: () => instance })
    return { instance }
  }

  /** An instance that does not depend on a call. */
  resolve(key: InjectionKey): unknown {
    return this.#root.resolve(this.#symbol(key))
  }

  /** A place for the instances of one call. */
  openCall(call: CallContext): CallInstances {
    const instances = this.#calls.createChildContainer()
    const { user } = call
    instances.register(this.#symbol(CallContext), { useFactory: () => call })
    if (user !== undefined) instances.register(this.#symbol(UserContext), { useFactory: () => user })
    const services = CallContext.servicesOf(call)
    if (services !== undefined) instances.register(this.#symbol(ServiceAccess), { useFactory: () => services })
    return { resolve: (key) => instances.resolve(this.#symbol(key)) }
  }

  #dependencies(node: GraphNode, from: DependencyContainer): readonly unknown[] {
    return node.asks.map(({ value }): unknown => from.resolve(this.#symbol(value)))
  }

  #symbol(key: unknown): symbol {
    const known = this.#symbols.get(key)
    if (known !== undefined) return known
    const created = Symbol(isInjectionKey(key) ? key.name : 'unknown')
    this.#symbols.set(key, created)
    return created
  }
}

/** The instances of one call. */
export interface CallInstances {
  resolve(key: InjectionKey): unknown
}
