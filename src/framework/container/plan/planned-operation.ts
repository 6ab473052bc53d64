import type { UserContext } from '../../../core/identity/user-context.js'
import { CallContext } from '../../../core/operation/call-context.js'
import type { CallLimit } from '../../../core/operation/call-limit.js'
import type { JsonSchema, ObjectSchema } from '../../../core/operation/json-schema.js'
import type { Operation, OperationAnnotations, Parsed, PolicyQuestion } from '../../../core/operation/operation.js'
import type { Protection } from '../../../core/permission/protection.js'
import type { PolicyCall } from '../../../core/permission/requirement/policy.js'
import type { PolicyReference } from '../../../core/permission/requirement/requirement.js'
import type { InjectionKey } from '../../decorator/token.js'
import type { CompiledSchema } from '../../schema/compiled-schema.js'
import type { Blueprint } from '../discovery/blueprint.js'
import type { GraphNode } from '../graph/graph-node.js'
import { closeInstances } from '../lifecycle-hooks.js'
import type { ParameterSource } from './plan-parameters.js'
import type { CallInstances, Wiring } from '../wiring.js'

/** Everything that was decided about an operation before the start. */
export interface PlannedOperationParts {
  readonly blueprint: Blueprint
  readonly sources: readonly ParameterSource[]
  readonly input: CompiledSchema
  readonly output: CompiledSchema | undefined
  /** Whether some parameter has to be built for each call. */
  readonly perCall: boolean
  /** What is built for each call, dependencies first. */
  readonly callNodes: readonly GraphNode[]
  /** The policies of the requirement, by class. */
  readonly policies: ReadonlyMap<object, PlannedPolicy>
  /** The wiring while the server runs; throws `TypeError` before and after. */
  readonly wiring: () => Wiring
}

/** How the instance of a policy is come by. */
export interface PlannedPolicy {
  readonly key: InjectionKey
  /** Whether it has to be built for each call. */
  readonly perCall: boolean
  /** What is built for each call, dependencies first. */
  readonly callNodes: readonly GraphNode[]
}

/** An operation whose parameters are filled by a plan made at the start; a call only follows it. */
export class PlannedOperation implements Operation {
  readonly name: string
  readonly title: string | undefined
  readonly description: string | undefined
  readonly annotations: OperationAnnotations | undefined
  readonly inputSchema: ObjectSchema
  readonly outputSchema: JsonSchema | undefined
  readonly protection: Protection
  readonly elicits: boolean
  readonly limits: readonly CallLimit[]
  readonly services: readonly string[]
  readonly audit: { readonly include: readonly string[] } | undefined
  readonly #parts: PlannedOperationParts

  constructor(parts: PlannedOperationParts) {
    const { name, details, limits, protection } = parts.blueprint
    this.name = name
    this.title = details.title
    this.description = details.description
    this.annotations = details.annotations
    this.inputSchema = parts.input.schema
    this.outputSchema = parts.output?.schema
    this.protection = protection
    this.elicits = details.elicits ?? false
    this.limits = limits
    this.services = details.services ?? []
    this.audit = details.audit && { include: details.audit }
    this.#parts = parts
  }

  get declaredAt(): string {
    return this.#parts.blueprint.declaration.position
  }

  parseInput(args: unknown): Parsed<unknown> | Promise<Parsed<unknown>> {
    return this.#parts.input.parse(args)
  }

  async parseOutput(value: Readonly<Record<string, unknown>>): Promise<Parsed<Readonly<Record<string, unknown>>>> {
    const parsed = (await this.#parts.output?.parse(value)) ?? { valid: true, value }
    if (!parsed.valid) return parsed
    if (typeof parsed.value !== 'object' || parsed.value === null) return { valid: false, message: 'is no object' }
    return { valid: true, value: { ...parsed.value } }
  }

  /** Throws `TypeError` for a policy that the requirement does not name, or one that cannot be asked, and while the server is not running. */
  askPolicy(policy: PolicyReference, { about, call, user }: PolicyQuestion): unknown {
    const planned = this.#parts.policies.get(policy.key)
    if (planned === undefined) throw new TypeError(`${this.name} has no policy ${policy.name}`)
    const wiring = this.#parts.wiring()
    const ask = (resolve: (key: InjectionKey) => unknown): unknown => decideBy(resolve(planned.key), user, about)
    if (!planned.perCall) return ask((key) => wiring.resolve(key))
    return withinCall(wiring.openCall(call), planned.callNodes, ask)
  }

  /** Throws `TypeError` where a protected operation has no user, whoever asks, and while the server is not running. */
  invoke(input: unknown, call: CallContext): unknown {
    if (this.protection.access !== 'public' && call.user === undefined) {
      throw new TypeError(`the protected operation ${this.name} was invoked without a user`)
    }
    const wiring = this.#parts.wiring()
    if (this.#parts.perCall) {
      return withinCall(wiring.openCall(call), this.#parts.callNodes, (resolve) =>
        this.#apply(wiring, { input, call, resolve }),
      )
    }
    return this.#apply(wiring, { input, call, resolve: (key) => wiring.resolve(key) })
  }

  #apply(wiring: Wiring, available: Available): unknown {
    const { blueprint, sources } = this.#parts
    const receiver = blueprint.method === undefined ? undefined : wiring.resolve(blueprint.method.server)
    return Reflect.apply(
      blueprint.handler,
      receiver,
      sources.map((source) => valueOf(source, available)),
    )
  }
}

/** Does something with what is built for one call, and closes that whatever comes of it. */
async function withinCall(
  instances: CallInstances,
  nodes: readonly GraphNode[],
  use: (resolve: (key: InjectionKey) => unknown) => unknown,
): Promise<unknown> {
  const built: unknown[] = []
  const outcome = await settled(async () => {
    for (const node of nodes) built.push(instances.resolve(node.key))
    return use((key) => instances.resolve(key))
  })
  const failures = await closeInstances(built)
  if ('error' in outcome) throw outcome.error
  if (failures.length > 0) throw new AggregateError(failures, 'what was built for this call could not be closed')
  return outcome.value
}

/** What was provided for the class may be anything. */
function decideBy(instance: unknown, user: UserContext, about: PolicyCall): unknown {
  const decide: unknown =
    typeof instance === 'object' && instance !== null ? Reflect.get(instance, 'decide') : undefined
  if (typeof decide !== 'function') throw new TypeError('what stands for the policy has no method decide')
  return Reflect.apply(decide, instance, [user, about])
}

interface Available {
  readonly input: unknown
  readonly call: CallContext
  readonly resolve: (key: InjectionKey) => unknown
}

function valueOf(source: ParameterSource, { input, call, resolve }: Available): unknown {
  switch (source.from) {
    case 'input':
      return input
    case 'argument':
      return argumentOf(input, source.name)
    case 'user':
      return call.user
    case 'call':
      return call
    case 'services':
      return servicesOf(call)
    case 'dependency':
      return resolve(source.key)
  }
}

/** Throws `TypeError` where whoever runs the operation opens none. */
function servicesOf(call: CallContext): unknown {
  const services = CallContext.servicesOf(call)
  if (services === undefined) throw new TypeError(`${call.operation} was invoked without its external services`)
  return services
}

function argumentOf(input: unknown, name: string): unknown {
  return typeof input === 'object' && input !== null && Object.hasOwn(input, name)
    ? Reflect.get(input, name)
    : undefined
}

type Settled = { readonly value: unknown } | { readonly error: unknown }

async function settled(action: () => Promise<unknown>): Promise<Settled> {
  try {
    return { value: await action() }
  } catch (error) {
    return { error }
  }
}
