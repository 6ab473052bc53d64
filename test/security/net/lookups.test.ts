import { describe, expect, it } from '@jest/globals'
import { sharedLookup } from '../../../src/adapter/net/shared-lookup.js'
import { until } from '../../support/until.js'

describe('lookups of names', () => {
  it('never take more than half of the threads that signatures are checked on, however many servers are silent', async () => {
    const ends: (() => void)[] = []
    let most = 0
    let underWay = 0
    const lookup = sharedLookup(async (name) => {
      underWay += 1
      most = Math.max(most, underWay)
      await new Promise<void>((resolve) => void ends.push(resolve))
      underWay -= 1
      return [name]
    })
    const names = ['one.example', 'two.example', 'three.example', 'four.example']
    const asked = Promise.all(names.map(lookup))
    for (let ended = 0; ended < names.length; ended += 1) {
      await until(() => ends.length > ended)
      ends[ended]?.()
    }
    expect(await asked).toEqual(names.map((name) => [name]))
    expect(most).toBe(2)
  })
})
