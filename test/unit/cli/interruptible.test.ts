import { describe, expect, it } from '@jest/globals'
import { exitCodeOf } from '../../../src/cli/exit-code.js'
import { interruptible } from '../../../src/cli/interruptible.js'

describe('work that can be broken off', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('leaves things in order at %s, and exits with %i', async (name, code) => {
    const usual = process.listeners(name)
    let tidied = false
    const work = interruptible(async (signal) => {
      process.emit(name, name)
      expect(signal.aborted).toBe(true)
      tidied = await Promise.resolve(true)
      signal.throwIfAborted()
    })
    const error = await work.catch((reason: unknown) => reason)
    expect({ tidied, code: exitCodeOf(error) }).toEqual({ tidied: true, code })
    expect(process.listeners(name)).toEqual(usual)
  })
})
