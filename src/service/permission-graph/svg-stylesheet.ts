import { html as exact, type Html } from '../../adapter/issuer/page/html.js'
import { surfaces, tones, type Theme } from './palette.js'

const themes = ['light', 'dark'] as const

/** The look of the picture. Colours are written out: not every viewer of SVG knows variables. */
export const svgStylesheet: Html = exact`
  .permission-graph { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
  .permission-graph .heading { font-size: 13px; font-weight: 650; letter-spacing: 0.02em; }
  .permission-graph .count { font-weight: 400; }
  .permission-graph .noun { font-size: 11px; opacity: 0.85; }
  .permission-graph .grant .name { font-size: 13px; font-weight: 600; }
  .permission-graph .requirement .name { font-size: 12px; font-weight: 600; }
  .permission-graph .operation .name {
    font: 13px ui-monospace, 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
  }
  .permission-graph .title { font-size: 11px; }
  .permission-graph .mark text, .permission-graph .sign text { font-size: 10px; font-weight: 600; }
  .permission-graph .mark rect, .permission-graph .edge path { fill: none; }
  .permission-graph .node > rect { stroke-width: 1.25; }
  .permission-graph .edge path { stroke-width: 1.5; opacity: 0.75; }
  .permission-graph .negated path { stroke-dasharray: 6 4; }
  ${themes.map((theme) =>
    theme === 'light' ? coloured(theme) : exact`@media (prefers-color-scheme: dark) {${coloured(theme)}}`,
  )}
`

function coloured(theme: Theme): Html {
  const { page, column, ink, soft, danger } = surfaces[theme]
  return exact`
    .permission-graph .page { fill: ${page}; }
    .permission-graph .column { fill: ${column}; }
    .permission-graph .heading { fill: ${ink}; }
    .permission-graph .count, .permission-graph .title { fill: ${soft}; }
    .permission-graph .mark rect { stroke: ${soft}; }
    .permission-graph .mark text { fill: ${soft}; }
    .permission-graph .destructive rect, .permission-graph .sign rect { stroke: ${danger}; }
    .permission-graph .destructive text, .permission-graph .sign text { fill: ${danger}; }
    .permission-graph .sign rect { fill: ${page}; }
    ${Object.entries(tones[theme]).map(
      ([tone, { fill, line, ink }]) => exact`
    .permission-graph .node.${tone} > rect { fill: ${fill}; stroke: ${line}; }
    .permission-graph .node.${tone} .name, .permission-graph .node.${tone} .noun { fill: ${ink}; }
    .permission-graph .edge.${tone} path { stroke: ${line}; }
      `,
    )}
  `
}
