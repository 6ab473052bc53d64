import { ServiceAccess } from '../../../core/external-service/service-access.js'
import { UserContext } from '../../../core/identity/user-context.js'
import { CallContext } from '../../../core/operation/call-context.js'
import type { RecordedArgument } from '../../decorator/record.js'
import { isClass, isInjectionKey, keyLabel, type InjectionKey } from '../../decorator/token.js'
import type { ArgumentSpec } from '../../schema/compile-arguments.js'
import { isDto } from '../../schema/dto/dto-property.js'
import { isStandardSchema, type SchemaSource } from '../../schema/schema-source.js'
import { askedParameters } from './asked-parameters.js'
import type { Blueprint } from '../discovery/blueprint.js'
import type { Asked } from '../graph/constructor-parameters.js'
import type { FaultList } from '../fault-list.js'
import { injectionCauses, isErased } from '../graph/injection-causes.js'
import { isScalarType } from './scalar-type.js'

/** Where one parameter of a handler comes from. */
export type ParameterSource =
  | { readonly from: 'input' }
  | { readonly from: 'argument'; readonly name: string }
  | { readonly from: 'user' }
  | { readonly from: 'call' }
  | { readonly from: 'services' }
  | { readonly from: 'dependency'; readonly key: InjectionKey }

/** How the parameters of one operation are filled, and what its input is made of. */
export interface ParameterPlan {
  readonly sources: readonly ParameterSource[]
  readonly input: SchemaSource | undefined
  readonly arguments: readonly ArgumentSpec[]
}

/** What planning parameters needs from those around it. */
export interface PlanningPorts {
  /** Whether the container can build what a key asks for. */
  canInject(key: InjectionKey): boolean
  readonly faults: FaultList
}

/** Plans the parameters of one operation; `undefined` where a fault was noted. */
export function planParameters(blueprint: Blueprint, ports: PlanningPorts): ParameterPlan | undefined {
  if (blueprint.method === undefined && blueprint.signature.params === undefined) {
    return { sources: [{ from: 'input' }, { from: 'call' }], input: blueprint.details.input, arguments: [] }
  }
  const asked = askedParameters(blueprint, ports.faults)
  return asked === undefined ? undefined : new Planning(blueprint, ports).plan(asked)
}

class Planning {
  readonly #blueprint: Blueprint
  readonly #ports: PlanningPorts
  readonly #inputs = new Set<SchemaSource>()
  readonly #arguments: ArgumentSpec[] = []
  #faulty = false

  constructor(blueprint: Blueprint, ports: PlanningPorts) {
    this.#blueprint = blueprint
    this.#ports = ports
  }

  plan(asked: readonly Asked[]): ParameterPlan | undefined {
    const adopted = this.#adopted(asked)
    const sources = asked.map((one, index) =>
      index === adopted ? this.#inputSource(one.value) : this.#source(one, index),
    )
    this.#checkInput(sources)
    const complete = sources.filter((source) => source !== undefined)
    if (this.#faulty || complete.length < sources.length) return undefined
    return { sources: complete, input: this.#inputs.values().next().value, arguments: this.#arguments }
  }

  #source({ value, parameter }: Asked, index: number): ParameterSource | undefined {
    const argument = this.#blueprint.signature.arguments.get(index)
    if (argument !== undefined) return this.#argumentSource(argument, value, parameter)
    if (value === UserContext) return this.#userSource(parameter)
    if (value === CallContext) return { from: 'call' }
    if (value === ServiceAccess) return { from: 'services' }
    const injectable = isInjectionKey(value) && this.#ports.canInject(value)
    const input = value === this.#blueprint.details.input || isStandardSchema(value) || (isClass(value) && isDto(value))
    if (injectable && input) {
      return this.#refuse(
        `${parameter} asks for ${keyLabel(value)}, which is both injectable and an input: make it one of them`,
      )
    }
    if (injectable) return { from: 'dependency', key: value }
    return input ? this.#inputSource(value) : this.#refuse(`${parameter} ${injectionCauses(value)}`)
  }

  #userSource(parameter: string): ParameterSource | undefined {
    if (this.#blueprint.protection.access === 'protected') return { from: 'user' }
    return this.#refuse(
      `${parameter} asks for UserContext, but a @Public operation may be called by nobody in particular: ask for CallContext and look at its user`,
    )
  }

  #argumentSource(argument: RecordedArgument, type: unknown, parameter: string): ParameterSource | undefined {
    if (!isScalarType(type)) {
      return this.#refuse(`${parameter} has @Arg, so it must be declared string, number or boolean`)
    }
    const { name, description, required } = argument
    if (this.#arguments.some((known) => known.name === name)) return this.#refuse(`two arguments are called "${name}"`)
    if (argument.default !== undefined && argument.default.constructor !== type) {
      return this.#refuse(`the default of argument "${name}" is no ${type.name.toLowerCase()}`)
    }
    this.#arguments.push({
      name,
      type,
      required,
      ...(description === undefined ? {} : { description }),
      ...(argument.default === undefined ? {} : { default: argument.default }),
    })
    return { from: 'argument', name }
  }

  #inputSource(value: unknown): ParameterSource {
    const { input } = this.#blueprint.details
    const source = isStandardSchema(value) || (isClass(value) && !isErased(value)) ? value : input
    if (source !== undefined) this.#inputs.add(source)
    return { from: 'input' }
  }

  /**
   * With `input`, the one parameter whose type left no trace takes it. Never one with a class of its own: a forgotten
   * `@Injectable` must not hand what a client sent to a parameter that was meant for a dependency.
   */
  #adopted(asked: readonly Asked[]): number | undefined {
    const { details, signature } = this.#blueprint
    if (details.input === undefined || asked.some(({ value }) => value === details.input)) return undefined
    const erased = asked.flatMap(({ value }, index) => {
      return isErased(value) && !isStandardSchema(value) && !isScalarType(value) && !signature.arguments.has(index)
        ? [index]
        : []
    })
    return erased.length === 1 ? erased[0] : undefined
  }

  #checkInput(sources: readonly (ParameterSource | undefined)[]): void {
    const { input } = this.#blueprint.details
    const taking = sources.filter((source) => source?.from === 'input').length
    if (taking > 1) this.#refuse('takes its input twice: an operation has one input')
    if (taking > 0 && this.#arguments.length > 0)
      this.#refuse('mixes @Arg with an input class: write all arguments in one of the two ways')
    if (input === undefined || this.#faulty) return
    if (taking === 0) this.#refuse('declares an input that none of its parameters takes')
    else if (!this.#inputs.has(input) || this.#inputs.size > 1)
      this.#refuse('declares another input than its parameter has')
  }

  #refuse(message: string): undefined {
    const { declaration } = this.#blueprint
    this.#faulty = true
    this.#ports.faults.add(declaration.fault('ERR_CONFIG_PARAMETER', `${declaration.label}: ${message}`))
    return undefined
  }
}
