import { tones, toneOf, type Tone } from './palette.js'
import type { Picture } from './picture.js'

/** The picture as the text of a Mermaid flowchart. Of names only letters, digits and a few marks are in it as they are. */
export function renderMermaid(picture: Picture): string {
  const { title, grants, requirements, operations, edges } = picture
  const lines = [
    ...grants.map(({ id, kind, noun, label }) => `${id}(["${escaped(`${noun} ${label}`)}"]):::${kind}`),
    ...requirements.map(({ id, kind, label }) => `${id}{{"${escaped(label)}"}}:::${toneOf(kind)}`),
    ...operations.map(({ id, label, marks }) => `${id}["${escaped([label, ...marks].join(' · '))}"]:::operation`),
    ...edges.map(({ from, to, negated }) => (negated ? `${from} -.->|not| ${to}` : `${from} --> ${to}`)),
    ...usedTones(picture).map(classDefinition),
  ]
  return ['---', `title: "${yamlEscaped(title)}"`, '---', 'flowchart LR', ...lines.map((line) => `  ${line}`), ''].join(
    '\n',
  )
}

function usedTones({ grants, requirements, operations }: Picture): readonly Tone[] {
  const used: readonly Tone[] = [
    ...grants.map(({ kind }) => kind),
    ...requirements.map(({ kind }) => toneOf(kind)),
    ...operations.map(() => 'operation' as const),
  ]
  return [...new Set(used)]
}

function classDefinition(tone: Tone): string {
  const { fill, line, ink } = tones.light[tone]
  return `classDef ${tone} fill:${fill},stroke:${line},color:${ink}`
}

/** Everything that could mean something to Mermaid, or to the Markdown and HTML in its labels. */
const special = /[^\p{Letter}\p{Number} ·_.,-]/gu

/** Mermaid's entities: `#` and the code point. */
function escaped(text: string): string {
  return text.replace(special, (character) => `#${character.codePointAt(0) ?? 0};`)
}

/** Of a double-quoted scalar (YAML 1.2 §5.7). */
function yamlEscaped(text: string): string {
  return text.replace(special, (character) => `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`)
}
