import { describe, expect, it } from '@jest/globals'
import { timeWords } from '../../../src/service/sign-in/page/requester-words.js'

describe('the time of a request', () => {
  const startedAt = Date.UTC(2026, 6, 28, 14, 5, 59) / 1000

  it.each([
    [-90, 'less than a minute ago'],
    [0, 'less than a minute ago'],
    [59.9, 'less than a minute ago'],
    [60, 'one minute ago'],
    [120, '2 minutes ago'],
    [599, '9 minutes ago'],
  ])('is told in words and by the world’s clock after %d s', (seconds, words) => {
    const time = '<time datetime="2026-07-28T14:05:59.000Z">(2026-07-28 14:05 UTC)</time>'
    expect(String(timeWords(startedAt, startedAt + seconds))).toBe(`${words} ${time}`)
  })
})
