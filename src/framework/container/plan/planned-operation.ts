import type { CallContext } from '../../../core/operation/call-context.js'
import type { JsonSchema, ObjectSchema } from '../../../core/operation/json-schema.js'
import type { Operation, OperationAnnotations, Parsed, Protection } from '../../../core/operation/operation.js'
import type { InjectionKey } from '../../decorator/token.js'
import type { CompiledSchema } from '../../schema/compiled-schema.js'
import type { Blueprint } from '../discovery/blueprint.js'
import type { GraphNode } from '../graph/graph-node.js'
import { closeInstances } from '../lifecycle-hooks.js'
import type { ParameterSource } from './plan-parameters.js'
import type { Wiring } from '../wiring.js'

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
  /** The wiring while the server runs; throws `TypeError` before and after. */
  readonly wiring: () => Wiring
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
  readonly #parts: PlannedOperationParts

  constructor(parts: PlannedOperationParts) {
    const { name, details, protection } = parts.blueprint
    this.name = name
    this.title = details.title
    this.description = details.description
    this.annotations = details.annotations
    this.inputSchema = parts.input.schema
    this.outputSchema = parts.output?.schema
    this.protection = protection
    this.elicits = details.elicits ?? false
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

  /** Throws `TypeError` where a protected operation has no user, whoever asks, and while the server is not running. */
  invoke(input: unknown, call: CallContext): unknown {
    if (this.protection.access !== 'public' && call.user === undefined) {
      throw new TypeError(`the protected operation ${this.name} was invoked without a user`)
    }
    const wiring = this.#parts.wiring()
    if (this.#parts.perCall) return this.#invokeInCall(input, call, wiring)
    return this.#apply(wiring, { input, call, resolve: (key) => wiring.resolve(key) })
  }

  async #invokeInCall(input: unknown, call: CallContext, wiring: Wiring): Promise<unknown> {
    const instances = wiring.openCall(call)
    const built: unknown[] = []
    const outcome = await settled(async () => {
      for (const node of this.#parts.callNodes) built.push(instances.resolve(node.key))
      return this.#apply(wiring, { input, call, resolve: (key) => instances.resolve(key) })
    })
    const failures = await closeInstances(built)
    if ('error' in outcome) throw outcome.error
    if (failures.length > 0) throw new AggregateError(failures, 'what was built for this call could not be closed')
    return outcome.value
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
    case 'dependency':
      return resolve(source.key)
  }
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
