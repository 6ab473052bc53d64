import { describe, expect, it } from '@jest/globals'
import { spread } from '../../../src/service/permission-graph/spread.js'
import { fitText, textWidth } from '../../../src/service/permission-graph/text-width.js'

describe('things in a column', () => {
  const height = 10
  const space = 2

  it('get what they wish where there is room', () => {
    expect(spread([5, 30, 90].map((middle) => ({ middle, height, space })))).toEqual([5, 30, 90])
  })

  it('share what they would lose where there is none', () => {
    expect(spread([50, 50, 50, 200].map((middle) => ({ middle, height, space })))).toEqual([38, 50, 62, 200])
  })

  it('keep their order, whatever they wish', () => {
    expect(spread([90, 10].map((middle) => ({ middle, height, space })))).toEqual([44, 56])
    expect(spread([])).toEqual([])
  })
})

describe('text for a narrow place', () => {
  const typeface = { family: 'sans', size: 10 } as const

  it('stays whole where it fits', () => {
    expect(fitText('admin', typeface, 100)).toBe('admin')
  })

  it('is cut between what a reader takes for characters', () => {
    const family = '👩\u200d👩\u200d👧'
    const cut = fitText(family.repeat(9), typeface, 100)
    expect(cut.replaceAll(family, '')).toBe('…')
    expect(textWidth(cut, typeface)).toBeLessThanOrEqual(100)
  })
})
