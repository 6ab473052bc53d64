import { runInNewContext } from 'node:vm'
import { describe, expect, it } from '@jest/globals'
import { isPlainObject } from '../../../src/framework/decorator/snapshot.js'
import { protectedByAuthSec } from '../../../src/framework/decorator/tool-definition.js'
import { createTestApp } from '../../../src/testing/index.js'

/** Looks like the root of all objects, and lists a role that nobody would read. */
function forged(): object {
  const root: object = Object.assign(Object.create(null), { hasOwnProperty: () => true, roles: ['admin'] })
  return Object.create(root)
}

describe('a plain object', () => {
  it.each([
    ['one that was written here', {}],
    ['one without a prototype', Object.create(null)],
    ['one of another realm', runInNewContext('({})')],
  ])('is %s', (_name, value) => {
    expect(isPlainObject(value)).toBe(true)
  })

  it.each([
    ['one that inherits from another', Object.create({ roles: ['admin'] })],
    ['one with a forged root', forged()],
    ['an instance', new Map()],
    ['a list', []],
  ])('is not %s', (_name, value) => {
    expect(isPlainObject(value)).toBe(false)
  })

  it('with a forged root stops the start, instead of opening the tool to every user', async () => {
    const start = async () => createTestApp({ tools: [protectedByAuthSec('secret', forged(), () => 'secret')] })
    await expect(start()).rejects.toMatchObject({ code: 'ERR_CONFIG_OPTION' })
  })
})
