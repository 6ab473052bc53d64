import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { serverPid } from '../../support/embedded-home.js'
import { callTool, type Message } from '../../support/mcp-harness.js'
import { temporaryHome, type TemporaryHome } from '../../support/server-process.js'
import { StdioProcess } from '../../support/stdio-process.js'

const john = 'john@company.com'

describe('an outage of the database under a server on stdio', () => {
  let home: TemporaryHome
  let server: StdioProcess
  beforeAll(async () => {
    home = await temporaryHome()
    server = await StdioProcess.start({ home: home.path })
    const account = (await home.accounts()).find(({ email }) => email === john)
    if (account === undefined) throw new TypeError('john has no account')
    expect(await server.signIn(account)).toMatchObject({ status: 'authenticated' })
  }, 120_000)
  afterAll(async () => {
    await server?.close()
    await StdioProcess.killAll()
    await home?.remove()
  })

  it('gives each of 1,000 calls one answer, nothing but JSON-RPC, and is over by itself', async () => {
    const calls = 1_000
    const answers = new Map<number, Message>()
    let next = 1
    let killed = false
    const work = async (): Promise<void> => {
      while (next <= calls) {
        const id = next
        next += 1
        if (id === 300) killed = process.kill(serverPid(home.path), 'SIGKILL')
        const answer = await server.ask(callTool('hello', {}, id))
        answers.set(id, answer)
        if (answer.error !== undefined) await pause(50)
      }
    }
    await Promise.all(Array.from({ length: 16 }, work))
    expect({ killed, answered: answers.size }).toEqual({ killed: true, answered: calls })
    const refused = [...answers.values()].filter(({ error }) => error !== undefined)
    expect(refused.length).toBeGreaterThan(0)
    for (const { error } of refused) {
      expect(error).toEqual({
        code: -32000,
        message: expect.any(String),
        data: { code: expect.stringMatching(/^(TENANT|AUTH)_UNAVAILABLE$/), retryable: true, ref: expect.any(String) },
      })
    }
    const others = [...answers.values()].filter(({ error }) => error === undefined)
    for (const { result } of others) expect(result).toMatchObject({ content: [{ text: `Hello, ${john}!` }] })
    expect(others.length).toBeGreaterThan(300)
    expect(await server.call('hello')).toBe(`Hello, ${john}!`)
    const ids = server.messages.map(({ id }) => id).filter((id) => typeof id === 'number' && id > 0)
    expect(new Set(ids).size).toBe(ids.length)
    expect(server.strayOutput).toEqual([])
  }, 120_000)
})
