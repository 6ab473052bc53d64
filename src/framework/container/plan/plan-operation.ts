import { partsOf } from '../../../core/permission/requirement/requirement.js'
import { isClass, keyLabel, type InjectionKey } from '../../decorator/token.js'
import { compileArguments } from '../../schema/compile-arguments.js'
import { compileInput } from '../../schema/compile-input.js'
import { compileOutput } from '../../schema/compile-output.js'
import type { CompiledSchema } from '../../schema/compiled-schema.js'
import { memberFault } from '../../schema/recordable-members.js'
import type { Blueprint } from '../discovery/blueprint.js'
import { FaultList } from '../fault-list.js'
import type { InjectionGraph } from '../graph/injection-graph.js'
import { planParameters, type ParameterPlan } from './plan-parameters.js'
import { PlannedOperation, type PlannedPolicy } from './planned-operation.js'
import type { Wiring } from '../wiring.js'

/** What planning an operation needs from those around it. */
export interface OperationPorts {
  readonly graph: InjectionGraph
  readonly faults: FaultList
  /** The wiring while the server runs; throws `TypeError` before and after. */
  readonly wiring: () => Wiring
}

/** Plans an operation and compiles its schemas; `undefined` where a fault was noted. Adds what it needs to the graph. */
export function planOperation(blueprint: Blueprint, ports: OperationPorts): PlannedOperation | undefined {
  const { graph, faults, wiring } = ports
  const plan = planParameters(blueprint, { canInject: (key) => graph.canInject(key), faults })
  const { output } = blueprint.details
  const outputSchema = output === undefined ? undefined : compiled(blueprint, faults, () => compileOutput(output))
  if (plan === undefined) return undefined
  const inputSchema = compiled(blueprint, faults, () => compileParameters(plan))
  const keys = dependencyKeys(plan)
  for (const key of keys) graph.require(key)
  const policies = planPolicies(blueprint, ports)
  for (const key of keys) refuseUser(blueprint, key, ports)
  checkServices(blueprint, plan, ports)
  if (inputSchema !== undefined) checkRecorded(blueprint, inputSchema, faults)
  if (policies === undefined || inputSchema === undefined || (output !== undefined && outputSchema === undefined))
    return undefined
  return new PlannedOperation({
    blueprint,
    sources: plan.sources,
    input: inputSchema,
    output: outputSchema,
    perCall: keys.some((key) => graph.isCallBound(key)),
    callNodes: graph.callScoped(keys),
    policies,
    wiring,
  })
}

function compileParameters(plan: ParameterPlan): CompiledSchema {
  return plan.arguments.length > 0 ? compileArguments(plan.arguments) : compileInput(plan.input)
}

/** Adds the policies of the requirement to what has to be built; `undefined` where a fault was noted. */
function planPolicies(
  { declaration, protection }: Blueprint,
  { faults, graph }: OperationPorts,
): ReadonlyMap<object, PlannedPolicy> | undefined {
  const planned = new Map<object, PlannedPolicy>()
  if (protection.access !== 'protected') return planned
  const references = partsOf(protection.requirement).flatMap((part) => (part.kind === 'policy' ? [part.policy] : []))
  let sound = true
  for (const { key, name } of references) {
    if (!isClass(key) || !graph.canInject(key)) {
      const message = `${declaration.label} asks the policy ${name}, which nobody can build: put @Injectable() on it, or provide it`
      faults.add(declaration.fault('ERR_CONFIG_PROVIDER', message))
      sound = false
      continue
    }
    graph.require(key)
    planned.set(key, { key, perCall: graph.isCallBound(key), callNodes: graph.callScoped([key]) })
  }
  return sound ? planned : undefined
}

function dependencyKeys({ sources }: ParameterPlan): readonly InjectionKey[] {
  return sources.flatMap((source) => (source.from === 'dependency' ? [source.key] : []))
}

function refuseUser(
  { declaration, protection }: Blueprint,
  key: InjectionKey,
  { graph, faults }: OperationPorts,
): void {
  if (protection.access !== 'public' || !graph.needsUser(key)) return
  const message =
    `${declaration.label} is @Public and may be called by nobody in particular, but ${keyLabel(key)} needs UserContext: ` +
    'ask for CallContext there and look at its user'
  faults.add(declaration.fault('ERR_CONFIG_PARAMETER', message))
}

/** Services are the tenant's, so nobody in particular has none; and who asks for them says which. */
function checkServices(
  { declaration, details, protection }: Blueprint,
  plan: ParameterPlan,
  { faults, graph }: OperationPorts,
): void {
  const refuse = (message: string): void => {
    faults.add(declaration.fault('ERR_CONFIG_PARAMETER', `${declaration.label} ${message}`))
  }
  const asks =
    plan.sources.some(({ from }) => from === 'services') || dependencyKeys(plan).some((key) => graph.needsServices(key))
  const { services } = details
  if (asks && protection.access === 'public')
    return refuse(
      'is @Public, but needs ServiceAccess: services belong to the tenant of a user, so protect the operation',
    )
  if (asks && services === undefined)
    return refuse("needs ServiceAccess, but declares no services: name them in the decorator, services: ['GitHub API']")
  if (!asks && services !== undefined)
    return refuse(
      'declares services, but nothing it asks for is ServiceAccess: add the parameter, or take services away',
    )
}

/** What goes on record where it can be read has to be there, and to be plain and no secret. */
function checkRecorded({ declaration, details }: Blueprint, { schema }: CompiledSchema, faults: FaultList): void {
  for (const path of details.audit ?? []) {
    const fault = memberFault(schema, path)
    if (fault === undefined) continue
    const message = `${declaration.label}: audit.include names ${JSON.stringify(path)}, which ${fault}`
    faults.add(declaration.fault('ERR_CONFIG_OPTION', message))
  }
}

/** Gives the faults of a schema the position of the operation that uses it. */
function compiled<Result>({ declaration }: Blueprint, faults: FaultList, compile: () => Result): Result | undefined {
  const found = new FaultList()
  const result = found.attempt(compile)
  for (const { code, message } of found.all) faults.add(declaration.fault(code, `${declaration.label}: ${message}`))
  return result
}
