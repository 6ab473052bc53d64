import { html as xml, type Html } from '../../adapter/issuer/page/html.js'
import { drawEdge } from './draw-edge.js'
import { drawGrant, drawOperation, drawRequirement } from './draw-node.js'
import { toneOf, type Tone } from './palette.js'
import { layOut, type Box, type PictureLayout } from './picture-layout.js'
import type { Picture } from './picture.js'
import { svgStylesheet } from './svg-stylesheet.js'

/** The picture as one SVG document that needs nothing else. It follows the colour scheme of whoever looks at it. */
export function renderSvg(picture: Picture): string {
  return drawPicture(picture, 'img').toString()
}

/** The SVG element: one image, or a group of nodes to go through. */
export function drawPicture(picture: Picture, role: 'img' | 'group'): Html {
  const layout = layOut(picture)
  const { width, height } = layout
  return xml`<svg xmlns="http://www.w3.org/2000/svg" class="permission-graph" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="${role}" aria-label="Permission graph of ${picture.title}">
<style>${svgStylesheet}</style>
<rect class="page" width="100%" height="100%"/>
${drawColumns(layout)}
<g class="edges">
${drawEdges(picture, layout)}</g>
<g class="nodes">
${drawNodes(picture, layout)}</g>
</svg>
`
}

const bleed = 14

function drawColumns({ columns, height }: PictureLayout): Html | readonly Html[] {
  if (columns.length === 0) return xml`<text class="heading" x="28" y="36">There are no operations.</text>`
  return columns.map(
    ({
      heading,
      count,
      x,
      width,
    }) => xml`<rect class="column" x="${x - bleed}" y="12" width="${width + 2 * bleed}" height="${height - 24}" rx="16"/>
<text class="heading" x="${x + width / 2}" y="42" text-anchor="middle">${heading} <tspan class="count">${count}</tspan></text>
`,
  )
}

function drawEdges({ grants, requirements }: Picture, { routes }: PictureLayout): readonly Html[] {
  const tones = new Map<string, Tone>([
    ...grants.map(({ id, kind }) => [id, kind] as const),
    ...requirements.map(({ id, kind }) => [id, toneOf(kind)] as const),
  ])
  return routes.map((route) => drawEdge(route, tones.get(route.edge.from) ?? 'part'))
}

function drawNodes({ grants, requirements, operations }: Picture, { boxes }: PictureLayout): Html {
  const draw = <Node extends { readonly id: string }>(
    nodes: readonly Node[],
    each: (node: Node, box: Box) => Html,
  ): readonly Html[] =>
    nodes.flatMap((node) => {
      const box = boxes.get(node.id)
      return box === undefined ? [] : [each(node, box)]
    })
  return xml`${draw(grants, drawGrant)}${draw(requirements, drawRequirement)}${draw(operations, drawOperation)}`
}
