import { describe, expect, it } from '@jest/globals'
import { PasswordHasher } from '../../../src/adapter/issuer/password-hasher.js'

const hasher = new PasswordHasher({ cost: 14 })

describe('a password hash', () => {
  it('says how it was made, and never twice the same', async () => {
    const [first, second] = [await hasher.hash('secret'), await hasher.hash('secret')]
    expect(first).toMatch(/^\$scrypt\$ln=14,r=8,p=1\$[A-Za-z0-9_-]{22}\$[A-Za-z0-9_-]{43}$/)
    expect(second).not.toBe(first)
    expect(await hasher.verify('secret', first)).toBe(true)
    expect(await hasher.verify('secret', second)).toBe(true)
  })

  it('is expensive by default', async () => {
    const stored = await new PasswordHasher().hash('secret')
    expect(stored).toContain('ln=16,r=8,p=1')
    expect(await hasher.verify('secret', stored)).toBe(true)
  })

  it('matches the same letters written in another way', async () => {
    expect(await hasher.verify('\u0041\u030a', await hasher.hash('\u00c5'))).toBe(true)
  })

  it.each(['', 'Secret', 'secret ', 'secre', 'x'.repeat(129)])('is not matched by %j', async (password) => {
    expect(await hasher.verify(password, await hasher.hash('secret'))).toBe(false)
  })

  it('is matched by a password of 128 characters', async () => {
    const password = 'x'.repeat(128)
    expect(await hasher.verify(password, await hasher.hash(password))).toBe(true)
  })

  it.each(['', 'x'.repeat(129)])('is not made of a password of %# characters out of bounds', async (password) => {
    await expect(hasher.hash(password)).rejects.toThrow(TypeError)
  })

  it.each([
    'secret',
    '$scrypt$ln=30,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$scrypt$ln=1,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$scrypt$ln=16,r=64,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$scrypt$ln=16,r=8,p=99$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$2b$10$abcdefghijklmnopqrstuv',
  ])('in a form or of a cost that is not ours matches nothing: %s', async (stored) => {
    expect(await hasher.verify('secret', stored)).toBe(false)
  })
})

describe('verifying', () => {
  it('takes about as long without a stored hash as with one', async () => {
    const stored = await hasher.hash('secret')
    const timeOf = async (hash: string | undefined): Promise<number> => {
      const times: number[] = []
      for (let round = 0; round < 5; round += 1) {
        const start = performance.now()
        await hasher.verify('wrong', hash)
        times.push(performance.now() - start)
      }
      return Math.min(...times)
    }
    const ratio = (await timeOf(undefined)) / (await timeOf(stored))
    expect(ratio).toBeGreaterThan(0.4)
    expect(ratio).toBeLessThan(2.5)
  })

  it('is refused when too many wait, and those who waited are answered', async () => {
    const stored = await hasher.hash('secret')
    const answers = await Promise.allSettled(Array.from({ length: 40 }, () => hasher.verify('secret', stored)))
    const refused = answers.filter((answer) => answer.status === 'rejected')
    expect(refused).toHaveLength(6)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'ERR_OVERLOADED', retryable: true })
    expect(answers.filter((answer) => answer.status === 'fulfilled' && answer.value)).toHaveLength(34)
    expect(await hasher.verify('secret', stored)).toBe(true)
  })
})

describe('a hasher', () => {
  it.each([13, 18, 15.5, Number.NaN])('is not made with cost %d', (cost) => {
    expect(() => new PasswordHasher({ cost })).toThrow(TypeError)
  })
})
