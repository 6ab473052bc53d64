import { describe, expect, it } from '@jest/globals'
import { forAWhile } from '../../../src/app/services/for-a-while.js'

const users = ['ada', 'bo', 'cy', 'dee']

/** Who is told when each takes so many milliseconds, two of them at a time. */
async function told(each: number, milliseconds: number): Promise<readonly unknown[]> {
  let now = 5_000
  const begun: string[] = []
  const outcome = await forAWhile(users, { atOnce: 2, milliseconds, now: () => now }, async (user) => {
    begun.push(user)
    await Promise.resolve()
    now += each
  })
  return [outcome, ...begun]
}

describe('work that is done for a while at most', () => {
  it('is begun with all, in their order, where the time is enough', async () => {
    expect(await told(1, 20_000)).toEqual(['all begun', ...users])
    expect(await told(20_000, 80_000)).toEqual(['all begun', ...users])
  })

  it('is begun with nobody after that, and says so', async () => {
    expect(await told(20_001, 20_000)).toEqual(['cut off', 'ada', 'bo'])
    expect(await told(1, -1)).toEqual(['cut off'])
  })

  it('rejects as the work does', async () => {
    const bounds = { atOnce: 1, milliseconds: 1 }
    await expect(forAWhile(users, bounds, () => Promise.reject(new TypeError('x')))).rejects.toThrow(TypeError)
  })
})
