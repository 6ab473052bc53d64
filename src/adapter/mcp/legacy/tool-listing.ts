import type { Operation } from '../../../core/operation/operation.js'

/** One operation as a tool of `tools/list`: the object and its JSON. */
export interface ListedTool {
  readonly tool: Readonly<Record<string, unknown>>
  readonly json: string
}

/** Tools as they are listed, written once per operation. */
export class ToolListing {
  readonly #tools = new WeakMap<Operation, ListedTool>()

  /** The result of `tools/list` for these operations, as JSON. */
  json(operations: readonly Operation[]): string {
    // Joined, not added up: a text that is kept and written out many times must not be pieced together each time.
    const tools = operations.map((operation) => this.#listed(operation).json).join(',')
    return ['{"tools":[', tools, ']}'].join('')
  }

  /** The same as objects. */
  tools(operations: readonly Operation[]): Readonly<Record<string, unknown>>[] {
    return operations.map((operation) => this.#listed(operation).tool)
  }

  #listed(operation: Operation): ListedTool {
    const known = this.#tools.get(operation)
    if (known !== undefined) return known
    const tool = toolOf(operation)
    const listed = { tool, json: JSON.stringify(tool) }
    this.#tools.set(operation, listed)
    return listed
  }
}

function toolOf({ name, title, description, inputSchema, outputSchema, annotations }: Operation): ListedTool['tool'] {
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    inputSchema,
    ...(outputSchema === undefined ? {} : { outputSchema }),
    ...(annotations === undefined ? {} : { annotations }),
  }
}
