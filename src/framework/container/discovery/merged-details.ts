import type { RecordedDetails } from '../../decorator/record.js'
import type { FaultList } from '../fault-list.js'
import type { MethodLayer } from './prototype-chain.js'

const keys = [
  'name',
  'title',
  'description',
  'annotations',
  'input',
  'output',
  'params',
  'elicits',
  'audit',
  'services',
] as const satisfies readonly (keyof RecordedDetails)[]

/**
 * What clients are told of a method: the nearest class that says something wins, but what describes the parameters comes
 * from the nearest class only. Two decorators of one method that say the same are a fault.
 */
export function mergedDetails(layers: readonly MethodLayer[], faults: FaultList): RecordedDetails {
  const said = layers.map((layer) => inOneLayer(layer, faults))
  const first = <Key extends keyof RecordedDetails>(key: Key): RecordedDetails[Key] | undefined =>
    said.map((details) => details[key]).find((value) => value !== undefined)
  return {
    name: first('name'),
    title: first('title'),
    description: first('description'),
    annotations: first('annotations'),
    input: said[0]?.input,
    output: first('output'),
    params: said[0]?.params,
    elicits: first('elicits'),
    // What is named are members of the input, which is the nearest class's, too.
    audit: said[0]?.audit,
    services: first('services'),
  }
}

function inOneLayer({ record }: MethodLayer, faults: FaultList): Partial<RecordedDetails> {
  const [protection] = record.protections
  const [tool, other] = record.tools
  if (tool === undefined) return protection?.details ?? {}
  if (other !== undefined) {
    const { declaration } = tool
    const message = `${declaration.label} has @Tool twice, also at ${other.declaration.position}: write all of it in one`
    faults.add(declaration.fault('ERR_CONFIG_OPTION', message))
  }
  if (protection === undefined) return tool.details
  for (const key of keys) {
    if (tool.details[key] === undefined || protection.details[key] === undefined) continue
    const message = `${tool.declaration.label}: @Tool and the decorator at ${protection.declaration.position} both say "${key}"`
    faults.add(tool.declaration.fault('ERR_CONFIG_OPTION', message))
  }
  const spoken = Object.entries(protection.details).filter(([, value]) => value !== undefined)
  return { ...tool.details, ...Object.fromEntries(spoken) }
}
