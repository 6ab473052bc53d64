import { describe, expect, it } from '@jest/globals'
import { boundedPatience, EndlessPatience } from '../../../src/app/patience.js'
import { ConfigurationError } from '../../../src/core/error/configuration-error.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import { MemoryLog } from '../../support/memory-ports.js'
import { until } from '../../support/until.js'

const down = () => new UpstreamError('AUTH_UNAVAILABLE', 'down')

/** Fails as often as told. */
function failing(times: number, error: () => Error = down): () => Promise<string> {
  let asked = 0
  return async () => {
    asked += 1
    if (asked <= times) throw error()
    return `answer ${asked}`
  }
}

describe('a start that waits without end', () => {
  it('asks again until there is an answer, and says so once', async () => {
    const log = new MemoryLog()
    const patience = new EndlessPatience(log)
    expect(await patience.untilAnswered(failing(0))).toBe('answer 1')
    expect(log.lines).toEqual([])
    const asked = patience.untilAnswered(failing(3))
    await until(() => patience.waiting)
    expect(await asked).toBe('answer 4')
    expect(patience.waiting).toBe(false)
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info'])
  })

  it('does not wait for what waiting does not change', async () => {
    const patience = new EndlessPatience(new MemoryLog())
    const wrong = () => new ConfigurationError('ERR_CONFIG_DATABASE', 'wrong')
    await expect(patience.untilAnswered(failing(1, wrong))).rejects.toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
    await expect(patience.untilAnswered(failing(1, () => new TypeError('bug')))).rejects.toThrow('bug')
  })

  it('ends at once when it is given up, and asks nothing any more', async () => {
    const patience = new EndlessPatience(new MemoryLog())
    let asked = 0
    const waiting = patience.untilAnswered(() => {
      asked += 1
      return Promise.reject(down())
    })
    await until(() => asked === 3)
    patience.giveUp()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_SHUTTING_DOWN' })
    await expect(patience.untilAnswered(failing(1))).rejects.toMatchObject({ code: 'ERR_SHUTTING_DOWN' })
    expect(asked).toBe(3)
  })
})

describe('a start that somebody waits for', () => {
  it('is told of an outage', async () => {
    await expect(boundedPatience.untilAnswered(failing(1))).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
    expect(await boundedPatience.untilAnswered(failing(0))).toBe('answer 1')
  })
})
