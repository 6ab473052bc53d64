import type { Blueprint } from '../discovery/blueprint.js'
import type { Asked } from '../graph/constructor-parameters.js'
import type { FaultList } from '../fault-list.js'
import { parameterLabel } from './parameter-name.js'
import { disagreement } from './type-agreement.js'

/**
 * What the parameters of an operation ask for: the recorded types, `params`, or both, which must then agree; `@Inject`
 * goes before either. `undefined` where a fault was noted.
 */
export function askedParameters(blueprint: Blueprint, faults: FaultList): readonly Asked[] | undefined {
  const { handler, declaration, signature } = blueprint
  const { recorded, params, injections } = signature
  const problems = signatureProblems(blueprint)
  for (const { code, message } of problems) faults.add(declaration.fault(code, `${declaration.label}: ${message}`))
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
  return known.flatMap((_, index) => {
    const problem = disagreement([injections.get(index), params?.[index]], recorded?.[index])
    if (problem === undefined) return []
    return [{ code: 'ERR_CONFIG_PARAMETER', message: `${parameterLabel(handler, index)} ${problem}` }]
  })
}

const noMetadata =
  'has no recorded parameter types: the compiler option emitDecoratorMetadata is off, or the builder emits no metadata ' +
  '(tsx, esbuild and vitest emit none). List the parameters in the decorator: params: [Input, UserContext], or params: []'
