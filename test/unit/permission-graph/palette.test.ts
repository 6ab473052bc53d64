import { describe, expect, it } from '@jest/globals'
import { surfaces, tones } from '../../../src/service/permission-graph/palette.js'

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

describe.each(['light', 'dark'] as const)('the colours of the picture, %s', (theme) => {
  const { page, column, ink, soft, danger } = surfaces[theme]

  it.each(Object.entries(tones[theme]))('can be read and told from what is around them: %s', (_name, tone) => {
    expect(contrast(tone.ink, tone.fill)).toBeGreaterThanOrEqual(7)
    for (const around of [page, column]) expect(contrast(tone.line, around)).toBeGreaterThanOrEqual(3)
  })

  it('can be read where text has no node of its own', () => {
    for (const around of [page, column, tones[theme].operation.fill]) {
      for (const text of [ink, soft, danger]) expect(contrast(text, around)).toBeGreaterThanOrEqual(4.5)
    }
  })
})
