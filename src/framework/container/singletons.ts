import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { Blueprint } from './discovery/blueprint.js'
import type { GraphNode } from './graph/graph-node.js'
import type { InjectionGraph } from './graph/injection-graph.js'
import { Lifecycle, type Startable } from './lifecycle.js'
import { Wiring } from './wiring.js'

/** The singletons of a graph from start to close. All are built before the first call, so none can keep what belongs to one. */
export class Singletons {
  readonly #graph: InjectionGraph
  readonly #blueprints: readonly Blueprint[]
  readonly #lifecycle = new Lifecycle()
  #wiring: Wiring | undefined

  constructor(graph: InjectionGraph, blueprints: readonly Blueprint[]) {
    this.#graph = graph
    this.#blueprints = blueprints
  }

  /** The wiring while everything is started. Throws `TypeError` before and after. */
  get wiring(): Wiring {
    if (this.#wiring === undefined || !this.#lifecycle.ready) throw new TypeError('the server is not running')
    return this.#wiring
  }

  /** Builds and starts every singleton. Starting twice is starting once. */
  start(): Promise<void> {
    this.#wiring ??= new Wiring(this.#graph.order)
    const wiring = this.#wiring
    const singletons = this.#graph.order.filter(({ scope }) => scope === 'singleton')
    return this.#lifecycle.start(singletons.map((node) => this.#startable(node, wiring)))
  }

  /** Closes every singleton in the reverse order. */
  close(): Promise<void> {
    return this.#lifecycle.close()
  }

  #startable(node: GraphNode, wiring: Wiring): Startable {
    return {
      owned: node.owned,
      build: () => wiring.buildSingleton(node),
      check: (instance) => this.#refuseFields(node, instance),
    }
  }

  /** A field over a decorated method shows on instances only. It would run in the method's place, so it must not be there. */
  #refuseFields(node: GraphNode, instance: unknown): void {
    if (typeof instance !== 'object' || instance === null) return
    const covered = this.#blueprints.filter(
      ({ method }) => method?.server === node.key && Object.hasOwn(instance, method.name),
    )
    const fault = ConfigurationError.join(covered.map((blueprint) => fieldFault(node, blueprint)))
    if (fault !== undefined) throw fault
  }
}

function fieldFault(node: GraphNode, { declaration, method }: Blueprint): ConfigurationError {
  const name = method?.name ?? ''
  const message = `${declaration.label} is protected as a method, but instances of ${node.label} have a field "${name}" over it: make it a method`
  return declaration.fault('ERR_CONFIG_OVERRIDE', message)
}
