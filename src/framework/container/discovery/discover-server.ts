import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { Callable, Declaration } from '../../decorator/declaration.js'
import { classRecord, methodRecords, type RecordedServer } from '../../decorator/record.js'
import { parameterTypes, type Class } from '../../decorator/reflect.js'
import { keyLabel } from '../../decorator/token.js'
import type { Blueprint } from './blueprint.js'
import type { FaultList } from '../fault-list.js'
import { inheritedLimits } from './inherited-limits.js'
import { inheritedProtection } from './inherited-protection.js'
import { mergedDetails } from './merged-details.js'
import { nameProblem, operationNameOf } from './operation-name.js'
import {
  classesOf,
  classProtections,
  decoratedMethods,
  layersOf,
  prototypesOf,
  type MethodLayer,
} from './prototype-chain.js'

/** A server class as found: what it says of itself, and its operations. */
export interface DiscoveredServer {
  readonly server: RecordedServer
  readonly blueprints: readonly Blueprint[]
}

/** Finds the operations of a server class on its whole prototype chain; `undefined` where it is no server. Notes every fault. */
export function discoverServer(server: Class, faults: FaultList): DiscoveredServer | undefined {
  const record = serverRecord(server, faults)
  if (record === undefined) return undefined
  const methods = decoratedMethods(server)
  if (methods.length === 0) {
    const message = `${keyLabel(server)} has no operation: put @ProtectedByAuthSec() or @Public() on its methods`
    faults.add(record.declaration.fault('ERR_CONFIG_SERVER', message))
  }
  const blueprints = methods.map((method) => discoverMethod({ server, method, record, faults }))
  return { server: record, blueprints: blueprints.filter((blueprint) => blueprint !== undefined) }
}

function serverRecord(server: Class, faults: FaultList): RecordedServer | undefined {
  const own = classRecord(server)
  const [record, second] = own?.servers ?? []
  if (record === undefined) {
    const base = classesOf(server).find((target) => (classRecord(target)?.servers.length ?? 0) > 0)
    const hint = base === undefined ? '' : `; that of ${keyLabel(base)} is not inherited`
    const message = `${keyLabel(server)} has no @McpServer({ name, version }) of its own${hint}`
    faults.add(
      new ConfigurationError('ERR_CONFIG_SERVER', message, {
        declaredAt: firstDeclaration(server)?.position,
      }),
    )
    return undefined
  }
  const { declaration } = record
  if (second !== undefined) {
    faults.add(declaration.fault('ERR_CONFIG_SERVER', `${keyLabel(server)} has @McpServer twice`))
  }
  if (own !== undefined && own.injectables.length > 0) {
    const message = `${keyLabel(server)} is a server and so a singleton already: remove @Injectable`
    faults.add(declaration.fault('ERR_CONFIG_SERVER', message))
  }
  if (own !== undefined && own.protections.length > 1) {
    faults.add(declaration.fault('ERR_CONFIG_PROTECTION', `${keyLabel(server)} has two protections: keep one of them`))
  }
  return record
}

/** Some line of the class, where the one that is missing would have to be. */
function firstDeclaration(server: Class): Declaration | undefined {
  const methods = prototypesOf(server).flatMap((prototype) => [...methodRecords(prototype).values()])
  return [...classProtections(server), ...methods.flatMap(({ protections }) => protections)][0]?.declaration
}

interface Found {
  readonly server: Class
  readonly method: string
  readonly record: RecordedServer
  readonly faults: FaultList
}

function discoverMethod({ server, method, record, faults }: Found): Blueprint | undefined {
  const layers = layersOf(server, method)
  const [nearest] = layers
  if (nearest === undefined) return undefined
  const declaration = declarationOf(layers) ?? record.declaration
  const details = mergedDetails(layers, faults)
  const name = operationName(details.name ?? operationNameOf(method), { method, record, declaration, faults })
  const handler = handlerOf(server, method)
  const protection = inheritedProtection(layers, classProtections(server), faults)
  const label = `${keyLabel(server)}.${method}`
  if (handler === undefined) {
    const message = `${label} is decorated, but a nearer class has something there that is no method`
    faults.add(declaration.fault('ERR_CONFIG_OVERRIDE', message))
  }
  if (layers.every((layer) => layer.record.protections.length === 0)) {
    const message = `${label} is decorated, but says not who may use it: add @ProtectedByAuthSec() or @Public()`
    faults.add(declaration.fault('ERR_CONFIG_PROTECTION', message))
  }
  if (name === undefined || handler === undefined || protection === undefined) return undefined
  const signature = {
    recorded: parameterTypes(nearest.prototype, method),
    params: details.params,
    arguments: nearest.record.arguments,
    injections: nearest.record.injections,
  }
  const limits = inheritedLimits(server, method)
  return { name, details, protection, limits, declaration, handler, method: { server, name: method }, signature }
}

interface Naming extends Omit<Found, 'server'> {
  readonly declaration: Declaration
}

function operationName(bare: string | undefined, { method, record, declaration, faults }: Naming): string | undefined {
  if (bare === undefined) {
    const message = `"${method}" has characters that a tool's name may not have: give it a name in its decorator`
    faults.add(declaration.fault('ERR_CONFIG_NAME', message))
    return undefined
  }
  const name = record.prefix === undefined ? bare : `${record.prefix}_${bare}`
  const problem = nameProblem(name)
  if (problem === undefined) return name
  faults.add(declaration.fault('ERR_CONFIG_NAME', `the name ${JSON.stringify(name)} ${problem}`))
  return undefined
}

/** The nearest decorator that makes the method an operation, else whatever stands nearest. */
function declarationOf(layers: readonly MethodLayer[]): Declaration | undefined {
  const records = layers.map(({ record }) => record)
  const declared = [
    ...records.flatMap(({ protections }) => protections),
    ...records.flatMap(({ tools }) => tools),
    ...records.flatMap(({ limits }) => limits),
    ...records.flatMap((record) => [...record.arguments.values()]),
  ]
  return declared[0]?.declaration
}

/** The method itself, as instances inherit it. */
function handlerOf(server: Class, method: string): Callable | undefined {
  const holder = prototypesOf(server).find((prototype) => Object.hasOwn(prototype, method))
  const value: unknown = holder === undefined ? undefined : Object.getOwnPropertyDescriptor(holder, method)?.value
  return isCallable(value) ? value : undefined
}

function isCallable(value: unknown): value is Callable {
  return typeof value === 'function'
}
