import { character } from './character.js'

const byte = /^x([0-9A-Fa-f]{2})/
const coded = /^(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|U([0-9A-Fa-f]{8})|([0-3][0-7]{2}))/

/**
 * The text as JSON or a programming language reads it. Cut at each backslash and not replaced by expression, which takes ten times as
 * long where there are many.
 */
export function withoutBackslashes(text: string): string {
  const [begin = '', ...parts] = text.split('\\')
  const out = [begin]
  let bytes = ''
  let isEscaped = true
  for (const part of parts) {
    const hex = isEscaped ? byte.exec(part)?.[1] : undefined
    bytes += hex ?? ''
    if (hex !== undefined && part.length === byteLength) continue
    out.push(textOfBytes(bytes))
    bytes = ''
    // The one after a backslash stands for itself, and what is behind that for itself, too.
    if (isEscaped && part === '') isEscaped = false
    else {
      out.push(isEscaped ? (hex === undefined ? decoded(part) : part.slice(byteLength)) : `\\${part}`)
      isEscaped = true
    }
  }
  return [...out, textOfBytes(bytes), isEscaped ? '' : '\\'].join('')
}

const byteLength = 3

function decoded(part: string): string {
  const first = part.charAt(0)
  const found = 'uU0123'.includes(first) ? coded.exec(part) : null
  if (found !== null) {
    const [escape, unit, point, long, octal] = found
    const rest = part.slice(escape.length)
    if (unit !== undefined) return String.fromCharCode(Number.parseInt(unit, 16)) + rest
    return (octal === undefined ? character(point ?? long ?? '', 16) : character(octal, 8)) + rest
  }
  if ('0abefnrtv'.includes(first)) return ` ${part.slice(1)}`
  // What begins so is markup, and the backslash may belong to what is behind it.
  return first === '&' ? `\\${part}` : part
}

/** Whoever escapes a text escapes its bytes or its characters. */
function textOfBytes(hex: string): string {
  if (hex === '') return ''
  const bytes = Buffer.from(hex, 'hex')
  const text = bytes.toString()
  return text.includes('\u{fffd}') ? bytes.toString('latin1') : text
}
