import { describe, expect, it } from '@jest/globals'
import { parseMoment } from '../../../src/cli/audit/parse-moment.js'

const now = Date.parse('2026-11-26T12:00:00Z')

describe('a moment on the command line', () => {
  it.each([
    ['2026-11-26T09:30:00Z', '2026-11-26T09:30:00.000Z'],
    ['2026-11-26T09:30:00.123+02:00', '2026-11-26T07:30:00.123Z'],
    ['2026-11-26T09:30Z', '2026-11-26T09:30:00.000Z'],
    ['2026-11-26', '2026-11-26T00:00:00.000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
    ['90s', '2026-11-26T11:58:30.000Z'],
    ['30m', '2026-11-26T11:30:00.000Z'],
    ['2h', '2026-11-26T10:00:00.000Z'],
    ['7d', '2026-11-19T12:00:00.000Z'],
    ['4w', '2026-10-29T12:00:00.000Z'],
  ])('may be %s', (text, moment) => {
    expect(parseMoment(text, now).toISOString()).toBe(moment)
  })

  it.each([
    '',
    'yesterday',
    '2',
    '2 h',
    '-2h',
    '2026-13-01',
    '2026-02-30',
    '2026-02-29T10:00:00Z',
    '2026-11-26T09:30:00',
    '26.11.2026',
    '1e3s',
    '2y',
  ])('is not %j', (text) => {
    expect(() => parseMoment(text, now)).toThrow('It is a time such as')
  })

  it.each(['999999w', '120000w', '0000-12-31'])('is not before the year 1: %s', (text) => {
    expect(() => parseMoment(text, now)).toThrow('before the year 1')
  })

  it('may be as long ago as six digits of days say', () => {
    expect(parseMoment('700000d', now).getUTCFullYear()).toBe(110)
  })
})
