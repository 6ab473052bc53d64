import { html as xml, type Html } from '../../adapter/issuer/page/html.js'
import type { Tone } from './palette.js'
import type { Route } from './picture-layout.js'
import type { Point } from './place-nodes.js'

/** An edge in the colour of where it comes from; a negated one is dashed and says so. */
export function drawEdge({ edge: { from, to, negated }, points }: Route, tone: Tone): Html {
  const kind = negated ? 'edge negated' : 'edge'
  return xml`<g class="${kind} ${tone}" data-from="${from}" data-to="${to}"><path d="${curve(points)}"/>${
    negated ? sign(points) : undefined
  }</g>
`
}

/** Level at each point, so that edges leave and enter nodes from the side. */
function curve(points: readonly Point[]): string {
  return points
    .map(({ x, y }, index) => {
      const before = points[index - 1]
      if (before === undefined) return `M${x} ${y}`
      if (before.y === y) return `H${x}`
      const middle = (before.x + x) / 2
      return `C${middle} ${before.y} ${middle} ${y} ${x} ${y}`
    })
    .join('')
}

const signSize = { width: 28, height: 16 }

/** Near to where the edge ends: there it is alone most often. */
function sign(points: readonly Point[]): Html | undefined {
  const [one, other] = points.slice(-2)
  if (one === undefined || other === undefined) return undefined
  const { width, height } = signSize
  // The curve of the last stretch at 0.8 of its parameter.
  const x = Math.round(one.x + (other.x - one.x) * 0.752)
  const y = Math.round(one.y + (other.y - one.y) * 0.896)
  return xml`<g class="sign"><rect x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="${
    height / 2
  }"/><text x="${x}" y="${y + 3.5}" text-anchor="middle">not</text></g>`
}
