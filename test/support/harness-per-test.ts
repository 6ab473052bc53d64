import { afterEach } from '@jest/globals'
import { McpHarness, type HarnessOptions } from './mcp-harness.js'

/** Starts harnesses with these options, and closes after each test those that it started. */
export function harnessPerTest(defaults: HarnessOptions = {}): (options?: HarnessOptions) => Promise<McpHarness> {
  const open: McpHarness[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map((harness) => harness.close()))
  })
  return async (options) => {
    const harness = await McpHarness.start({ ...defaults, ...options })
    open.push(harness)
    return harness
  }
}
