import { describe, expect, it } from '@jest/globals'
import { ClosingStack } from '../../../src/app/closing-stack.js'

describe('ClosingStack', () => {
  it('closes what was opened last first, once', async () => {
    const closed: string[] = []
    const stack = new ClosingStack()
    stack.add(async () => void closed.push('first'))
    stack.add(async () => void closed.push('second'))
    await Promise.all([stack.close(), stack.close()])
    expect(closed).toEqual(['second', 'first'])
  })

  it('tries every entry and reports what failed', async () => {
    const closed: string[] = []
    const stack = new ClosingStack()
    stack.add(async () => void closed.push('first'))
    stack.add(async () => {
      throw new TypeError('cannot')
    })
    await expect(stack.close()).rejects.toMatchObject({ errors: [expect.any(TypeError)] })
    expect(closed).toEqual(['first'])
  })
})
