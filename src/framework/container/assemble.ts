import { ConfigurationError } from '../../core/error/configuration-error.js'
import { OperationCatalogue } from '../../core/operation/operation-catalogue.js'
import type { Operation } from '../../core/operation/operation.js'
import type { Class } from '../decorator/reflect.js'
import type { ToolDefinition } from '../decorator/tool-definition.js'
import { isClass, keyLabel } from '../decorator/token.js'
import { discoverServer, type DiscoveredServer } from './discovery/discover-server.js'
import { FaultList } from './fault-list.js'
import { InjectionGraph } from './graph/injection-graph.js'
import { planOperation } from './plan/plan-operation.js'
import type { Provider } from './provider.js'
import { Singletons } from './singletons.js'
import { toolBlueprint } from './discovery/tool-blueprint.js'

/** What is to be served, and what it may be given. */
export interface AssemblyOptions {
  /** Classes with `@McpServer`. */
  readonly servers: readonly Class[]
  /** Tools made with `protectedByAuthSec` and `publicTool`. */
  readonly tools?: readonly ToolDefinition[]
  readonly providers?: readonly Provider[]
}

/** What clients are told of a server. */
export interface ServerInfo {
  readonly name: string
  readonly version: string
  readonly instructions?: string
}

/** A checked graph of servers, tools and what they need, ready to be started. */
export interface Assembly {
  /** In the order of declaration. They can be invoked between `start` and `close`. */
  readonly operations: readonly Operation[]
  /** Of the first server; `undefined` where there are only functions. */
  readonly serverInfo: ServerInfo | undefined
  /** Builds and starts every singleton, dependencies first. When one fails, what was started is closed, and its error is thrown. */
  start(): Promise<void>
  /** Closes every singleton in the reverse order. Throws `AggregateError` with all that went wrong; each is closed nevertheless. */
  close(): Promise<void>
}

/** Reads and checks the whole graph; nothing is built yet. Throws one `ConfigurationError` with every fault found. */
export function assemble(options: AssemblyOptions): Assembly {
  const faults = new FaultList()
  const { servers, tools = [], providers = [] } = options
  if (servers.length === 0 && tools.length === 0) faults.add(nothingToServe())
  const discovered = discoverServers(servers, faults)
  const functions = tools.map((tool) => toolBlueprint(tool, faults)).filter((blueprint) => blueprint !== undefined)
  const blueprints = [...discovered.flatMap((server) => server.blueprints), ...functions]
  const graph = new InjectionGraph({ servers: [...new Set(servers)].filter(isClass), providers, faults })
  const singletons = new Singletons(graph, blueprints)
  const ports = { graph, faults, wiring: () => singletons.wiring }
  const operations = blueprints
    .map((blueprint) => planOperation(blueprint, ports))
    .filter((operation) => operation !== undefined)
  faults.attempt(() => new OperationCatalogue(operations))
  graph.checkScopes()
  faults.throwIfAny()
  return {
    operations,
    serverInfo: serverInfo(discovered[0]),
    start: () => singletons.start(),
    close: () => singletons.close(),
  }
}

function discoverServers(servers: readonly unknown[], faults: FaultList): readonly DiscoveredServer[] {
  const seen = new Set<unknown>()
  return servers.flatMap((server) => {
    if (!isClass(server)) {
      faults.add(new ConfigurationError('ERR_CONFIG_SERVER', '`servers` holds something that is no class'))
      return []
    }
    if (seen.has(server)) {
      faults.add(new ConfigurationError('ERR_CONFIG_SERVER', `${keyLabel(server)} is in \`servers\` twice`))
      return []
    }
    seen.add(server)
    const discovered = discoverServer(server, faults)
    return discovered === undefined ? [] : [discovered]
  })
}

function nothingToServe(): ConfigurationError {
  return new ConfigurationError(
    'ERR_CONFIG_SERVER',
    'there is nothing to serve: give at least one class in `servers` or one tool in `tools`',
  )
}

function serverInfo(first: DiscoveredServer | undefined): ServerInfo | undefined {
  if (first === undefined) return undefined
  const { name, version, instructions } = first.server
  return instructions === undefined ? { name, version } : { name, version, instructions }
}
