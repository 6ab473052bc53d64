import { describe, expect, it } from '@jest/globals'
import { InboundCall } from '../../../src/adapter/mcp/legacy/inbound-call.js'
import { Tools } from '../../../src/adapter/mcp/legacy/tools.js'
import type { Visitor } from '../../../src/core/operation/access.js'
import { Guard } from '../../../src/core/operation/guard.js'
import { OperationCatalogue } from '../../../src/core/operation/operation-catalogue.js'
import { scope } from '../../../src/core/permission/requirement/builders.js'
import { sampleCaller, sampleOperation } from '../../support/core-samples.js'
import { MemoryAuditLog } from '../../support/memory-audit-log.js'

const metadata = 'https://mcp.test/.well-known/oauth-protected-resource/mcp'

/** A call of somebody to whom the database grants `pay`, with a token that does not say so. */
class NarrowCall extends InboundCall {
  readonly ref = 'ref of the call'
  readonly session = undefined
  readonly surface = 'test'
  readonly network = undefined
  readonly ended = false
  readonly signal = new AbortController().signal
  readonly visitor: Visitor
  readonly resourceMetadata: string | undefined

  constructor(resourceMetadata: string | undefined) {
    super()
    this.resourceMetadata = resourceMetadata
    const caller = sampleCaller()
    const holding = { ...caller.holding, stored: { ...caller.holding.stored, scopes: ['pay'] } }
    this.visitor = { caller: { ...caller, holding } }
  }

  abort(): void {}

  async drained(): Promise<void> {}
}

function toolsWith(elevatable: boolean): { readonly tools: Tools; readonly audit: MemoryAuditLog } {
  const audit = new MemoryAuditLog()
  const pay = sampleOperation({
    name: 'pay',
    protection: { access: 'protected', requirement: scope('pay'), elevatable },
  })
  const guard = new Guard({
    ...{ catalogue: new OperationCatalogue([pay]), audit, log: { write: () => undefined } },
    callers: { renew: async (caller) => caller },
  })
  return { tools: new Tools(guard), audit }
}

async function thrownBy(elevatable: boolean, resourceMetadata: string | undefined): Promise<unknown> {
  const { audit, tools } = toolsWith(elevatable)
  const call = new NarrowCall(resourceMetadata)
  const error: unknown = await tools
    .call(call, { name: 'pay', args: {} }, { signal: call.signal })
    .catch((reason: unknown) => reason)
  return { error, reasons: audit.events.map(({ reason }) => reason) }
}

describe('a call that lacks a scope', () => {
  it('is challenged where the tool can be stepped up to and the client can be challenged', async () => {
    expect(await thrownBy(true, metadata)).toMatchObject({
      error: { status: 403, headers: ['WWW-Authenticate', expect.stringContaining(metadata)] },
      reasons: ['insufficient_scope'],
    })
  })

  it.each([
    ['a tool that is not elevatable', false, metadata],
    ['a transport without challenges, as stdio is', true, undefined],
  ])('is answered as unknown by the guard for %s', async (_what, elevatable, resourceMetadata) => {
    expect(await thrownBy(elevatable, resourceMetadata)).toMatchObject({
      error: { status: 200, code: -32602, message: 'Unknown tool: pay', headers: [] },
      reasons: ['ERR_PERMISSION_DENIED'],
    })
  })
})
