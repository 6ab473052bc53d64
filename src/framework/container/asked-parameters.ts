import { CallContext } from '../../core/operation/call-context.js'
import { UserContext } from '../../core/identity/user-context.js'
import type { Parameter } from '../decorator/options.js'
import { isClass, keyLabel, Token } from '../decorator/token.js'
import type { Blueprint } from './blueprint.js'
import type { Asked } from './constructor-parameters.js'
import type { FaultList } from './fault-list.js'
import { isErased } from './injection-causes.js'
import { parameterLabel } from './parameter-name.js'
import { isScalarType } from './scalar-type.js'

/**
 * What the parameters of an operation ask for: the recorded types, `params`, or both, which must then agree; `@Inject`
 * goes before either. `undefined` where a fault was noted.
 */
export function askedParameters(blueprint: Blueprint, faults: FaultList): readonly Asked[] | undefined {
  const { handler, declaration, signature } = blueprint
  const { recorded, params, injections } = signature
  const problems = signatureProblems(blueprint)
  for (const { code, message } of problems) faults.add(declaration.fault(code, `${declaration.label} ${message}`))
  if (problems.length > 0) return undefined
  return Array.from(params ?? recorded ?? [], (value: unknown, index) => ({
    value: injections.has(index) ? injections.get(index) : value,
    parameter: parameterLabel(handler, index),
  }))
}

interface Problem {
  readonly code: 'ERR_CONFIG_METADATA' | 'ERR_CONFIG_PARAMETER'
  readonly message: string
}

function signatureProblems({ handler, signature }: Blueprint): readonly Problem[] {
  const { recorded, params, injections } = signature
  const known = params ?? recorded
  if (known === undefined) return [{ code: 'ERR_CONFIG_METADATA', message: noMetadata }]
  if (params !== undefined && recorded !== undefined && params.length !== recorded.length) {
    const message = `has ${recorded.length} parameters, but \`params\` lists ${params.length}`
    return [{ code: 'ERR_CONFIG_PARAMETER', message }]
  }
  return known.flatMap((value, index) => {
    const injected = injections.get(index)
    const type = injected === undefined ? recorded?.[index] : value
    const said = injected ?? params?.[index]
    if (said === undefined || type === undefined || agree(said, type)) return []
    const message = `is told to put ${sayingLabel(said)} into ${parameterLabel(handler, index)}, whose type is ${typeLabel(type)}`
    return [{ code: 'ERR_CONFIG_PARAMETER', message }]
  })
}

/** Whether what is said to be injected may go into a parameter of the recorded type. */
function agree(said: Parameter, type: unknown): boolean {
  if (said === type) return true
  if (type === UserContext || type === CallContext) return false
  if (isScalarType(type)) return !isClass(said)
  if (!isClass(said) || isErased(type) || !isClass(type)) return true
  return said.prototype instanceof type
}

function sayingLabel(said: Parameter): string {
  return isClass(said) || Token.is(said) ? keyLabel(said) : 'a schema'
}

function typeLabel(type: unknown): string {
  return typeof type === 'function' ? type.name : 'another one'
}

const noMetadata =
  'has no recorded parameter types: the compiler option emitDecoratorMetadata is off, or the builder emits no metadata ' +
  '(tsx, esbuild and vitest emit none). List the parameters in the decorator: params: [Input, UserContext], or params: []'
