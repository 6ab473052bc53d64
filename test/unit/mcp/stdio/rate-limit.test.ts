import { expect, it } from '@jest/globals'
import { callTool } from '../../../support/mcp-harness.js'
import { operation, signInOperations } from '../../../support/mcp-operations.js'
import { StdioBench } from '../../../support/stdio-bench.js'

const limits = [{ limit: 2, seconds: 60, per: 'user' }] as const

it('a call too many over stdio is an error that says how long to wait', async () => {
  const first = await StdioBench.start()
  const operations = [
    operation('open', { limits, requirement: 'public', run: () => 'done' }),
    operation('limited', { limits, run: () => 'done' }),
    ...signInOperations(first.signIns),
  ]
  const bench = await StdioBench.start({ operations, beside: first })
  await bench.open()
  const limited = (id: number) => ({
    ...{ jsonrpc: '2.0', id },
    error: {
      code: -32000,
      message: 'Too many calls of this tool; try again in 60 seconds',
      data: { code: 'RATE_LIMITED', retryable: true, retryAfter: 60, ref: expect.any(String) },
    },
  })
  for (const id of [1, 2]) expect(await bench.ask(callTool('open', {}, id))).toHaveProperty('result')
  expect(await bench.ask(callTool('open', {}, 3))).toEqual(limited(3))
  await bench.signIn('alice')
  for (const id of [4, 5]) expect(await bench.ask(callTool('limited', {}, id))).toHaveProperty('result')
  expect(await bench.ask(callTool('limited', {}, 6))).toEqual(limited(6))
  bench.clock.advance(60)
  expect(await bench.ask(callTool('limited', {}, 7))).toHaveProperty('result')
  await bench.stop()
  await first.stop()
})
