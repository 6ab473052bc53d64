import { ConfigurationError } from '../error/configuration-error.js'
import { PermissionGraph } from '../permission/graph/permission-graph.js'
import type { Operation } from './operation.js'

/** Every operation of a server by name, in the order of declaration, and who may use them. */
export class OperationCatalogue {
  /** The one place that decides about these operations. */
  readonly permissions: PermissionGraph<Operation>

  /** Throws `ConfigurationError` when two operations have one name. */
  constructor(operations: readonly Operation[]) {
    const byName = new Map<string, Operation>()
    const faults: ConfigurationError[] = []
    for (const operation of operations) {
      const first = byName.get(operation.name)
      if (first === undefined) byName.set(operation.name, operation)
      else faults.push(duplicate(first, operation))
    }
    const fault = ConfigurationError.join(faults)
    if (fault !== undefined) throw fault
    this.permissions = new PermissionGraph([...byName.values()])
  }

  find(name: string): Operation | undefined {
    return this.permissions.find(name)
  }

  all(): readonly Operation[] {
    return this.permissions.items
  }
}

function duplicate(first: Operation, second: Operation): ConfigurationError {
  return new ConfigurationError(
    'ERR_CONFIG_DUPLICATE_NAME',
    `two operations are called "${second.name}": ${first.declaredAt} and ${second.declaredAt}. ` +
      'Name one of them in its decorator, or give the classes different prefixes: @McpServer({ prefix })',
    { declaredAt: second.declaredAt },
  )
}
