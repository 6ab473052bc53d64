import { base64Texts } from './base64-texts.js'
import { unescaped } from './unescaped.js'

const mostLayers = 5
const mostNested = 3

/**
 * The text, and what it may be decoded to: so many layers of escapes off, and so many of base64 with escapes in each. Takes as long as
 * the text is, times a constant.
 */
export function viewsOf(text: string): readonly string[] {
  const views: string[] = []
  let outer = text
  for (let nested = 0; nested < mostNested && outer !== ''; nested += 1) {
    const layers = layersOf(outer)
    views.push(...layers)
    outer = base64Texts(layers.at(-1) ?? '')
  }
  return views
}

function layersOf(text: string): readonly string[] {
  const layers = [text]
  for (let count = 0; count < mostLayers; count += 1) {
    const last = layers.at(-1) ?? ''
    const next = unescaped(last)
    if (next === last) break
    layers.push(next)
  }
  return layers
}
