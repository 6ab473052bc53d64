import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { MasterKey } from '../../../src/core/credential/master-key.js'

const key = MasterKey.generate()
const text = Buffer.from('a signing key')

describe('sealing', () => {
  const sealed = key.seal('signing-key', text, 'row-1')

  it('opens with the same key, purpose and context', () => {
    expect(key.open('signing-key', sealed, 'row-1')).toEqual(text)
    expect(MasterKey.parse(key.reveal()).open('signing-key', sealed, 'row-1')).toEqual(text)
  })

  it('never gives the same bytes twice, nor the text', () => {
    expect(Buffer.from(key.seal('signing-key', text, 'row-1'))).not.toEqual(Buffer.from(sealed))
    expect(Buffer.from(sealed).includes(text)).toBe(false)
  })

  it.each([
    ['another context', 'signing-key', 'row-2'],
    ['no context', 'signing-key', ''],
    ['another purpose', 'cookie', 'row-1'],
  ])('refuses %s', (_name, purpose, context) => {
    expect(() => key.open(purpose, sealed, context)).toThrow()
  })

  it('refuses another key', () => {
    expect(() => MasterKey.generate().open('signing-key', sealed, 'row-1')).toThrow()
  })

  it('refuses a change of any byte', () => {
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      expect(() => key.open('signing-key', changed, 'row-1')).toThrow()
    }
  })

  it('refuses every shorter text, and a longer one', () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => key.open('signing-key', sealed.subarray(0, length), 'row-1')).toThrow()
    }
    expect(() => key.open('signing-key', Buffer.concat([sealed, Buffer.of(0)]), 'row-1')).toThrow()
  })

  it('takes an empty text', () => {
    expect(key.open('p', key.seal('p', Buffer.alloc(0), 'c'), 'c')).toHaveLength(0)
  })
})

describe('digests', () => {
  it('are the same for the same value and purpose, and tell neither', () => {
    expect(key.digest('grant', 'a')).toBe(key.digest('grant', 'a'))
    expect(key.digest('grant', 'a')).toMatch(/^[A-Za-z0-9_-]{43}$/)
    const others = [key.digest('grant', 'b'), key.digest('session', 'a'), MasterKey.generate().digest('grant', 'a')]
    expect(new Set([key.digest('grant', 'a'), ...others]).size).toBe(4)
  })
})

describe('the key itself', () => {
  it('has 32 bytes', () => {
    for (const length of [0, 16, 31, 33, 64]) expect(() => new MasterKey(Buffer.alloc(length))).toThrow(TypeError)
    expect(() => new MasterKey(Buffer.alloc(32))).not.toThrow()
  })

  it.each([
    ['base64url', Buffer.alloc(32, 0xfb).toString('base64url')],
    ['base64', Buffer.alloc(32, 0xfb).toString('base64')],
    ['base64 with a line break, as from a file', `${Buffer.alloc(32, 0xfb).toString('base64')}\n`],
  ])('is read from %s', (_name, written) => {
    expect(MasterKey.parse(written).reveal()).toBe(Buffer.alloc(32, 0xfb).toString('base64url'))
  })

  it.each([
    ['nothing', ''],
    ['31 bytes', Buffer.alloc(31).toString('base64url')],
    ['33 bytes', Buffer.alloc(33).toString('base64url')],
    ['hexadecimal', Buffer.alloc(32).toString('hex')],
    ['a sentence that is long enough', 'correct horse battery staple and some more words'],
    ['a key with a space in it', `${'A'.repeat(20)} ${'A'.repeat(23)}`],
    ['a key with a stray sign', `${'A'.repeat(20)}!${'A'.repeat(23)}`],
  ])('is not read from %s', (_name, written) => {
    expect(() => MasterKey.parse(written)).toThrow(TypeError)
  })

  it('is not shown', () => {
    const secret = key.reveal()
    for (const shown of [inspect(key, { depth: 9, showHidden: true }), JSON.stringify(key), String(key)]) {
      expect(shown).not.toContain(secret)
      expect(shown).not.toContain(Buffer.from(secret, 'base64url').toString('hex').slice(0, 12))
    }
  })

  it('does not follow the bytes it was made from', () => {
    const bytes = Buffer.alloc(32, 7)
    const made = new MasterKey(bytes)
    const before = made.digest('p', 'v')
    bytes.fill(0)
    expect(made.digest('q', 'v')).toBe(new MasterKey(Buffer.alloc(32, 7)).digest('q', 'v'))
    expect(made.digest('p', 'v')).toBe(before)
  })
})
