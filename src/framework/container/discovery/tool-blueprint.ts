import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { ToolDefinition } from '../../decorator/tool-definition.js'
import type { Blueprint } from './blueprint.js'
import type { FaultList } from '../fault-list.js'
import { joinProtections } from './inherited-protection.js'
import { nameProblem } from './operation-name.js'

/** The blueprint of a tool made of a function; `undefined` where a fault was noted. */
export function toolBlueprint(tool: unknown, faults: FaultList): Blueprint | undefined {
  const opened = ToolDefinition.open(tool)
  if (opened === undefined) {
    const message = '`tools` holds something that was not made with protectedByAuthSec() or publicTool()'
    faults.add(new ConfigurationError('ERR_CONFIG_PROTECTION', message))
    return undefined
  }
  const { protection, limits, handler } = opened
  const { ambiguity, declaration, details } = protection
  const name = details.name ?? ''
  const problem = nameProblem(name)
  if (problem !== undefined) {
    faults.add(declaration.fault('ERR_CONFIG_NAME', `the name ${JSON.stringify(name)} ${problem}`))
  }
  if (ambiguity !== undefined) {
    faults.add(declaration.fault('ERR_CONFIG_REQUIRE_ALL', `${declaration.label} ${ambiguity}`))
  }
  if (problem !== undefined || ambiguity !== undefined) return undefined
  const joined = joinProtections(protection, [protection], faults)
  if (joined === undefined) return undefined
  return {
    name,
    details,
    protection: protection.access === 'public' ? { access: 'public' } : joined,
    limits,
    declaration,
    handler,
    method: undefined,
    signature: { recorded: undefined, params: details.params, arguments: new Map(), injections: new Map() },
  }
}
