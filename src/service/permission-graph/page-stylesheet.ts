import { html as exact, type Html } from '../../adapter/issuer/page/html.js'

/** The look of the page around the picture: at 360 px as well, light and dark. */
export const pageStylesheet: Html = exact`
  :root {
    color-scheme: light dark; --page: #eef0f4; --card: #fff; --text: #181b24; --soft: #555c6d; --line: #d5d9e2;
    --edge: #7d869a; --accent: #2f4fd8;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --page: #0e1015; --card: #15171e; --text: #e9ebf1; --soft: #a3abbd; --line: #363c4b; --edge: #7f8aa1;
      --accent: #8ea6ff;
    }
  }
  * { box-sizing: border-box; }
  html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
  body {
    max-width: 100rem; margin: 0 auto; padding: 1.5rem clamp(0.75rem, 3vw, 2.5rem) 3rem; background: var(--page);
    color: var(--text);
    font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
    overflow-wrap: anywhere;
  }
  h1 { margin: 0 0 1.25rem; font-size: 1.625rem; line-height: 1.25; letter-spacing: -0.01em; text-wrap: balance; }
  .kind { margin: 0; color: var(--soft); font-size: 0.875rem; font-weight: 600; }
  .toolbar { display: flex; flex-wrap: wrap; align-items: end; gap: 0.75rem; }
  .search { flex: 1 1 16rem; max-width: 28rem; }
  label { display: block; margin-bottom: 0.25rem; font-size: 0.875rem; font-weight: 600; }
  input, button {
    min-height: 2.5rem; border: 1px solid var(--edge); border-radius: 0.5rem; color: inherit; font: inherit;
  }
  input { width: 100%; padding: 0.375rem 0.75rem; background: var(--card); }
  input::placeholder { color: var(--soft); opacity: 1; }
  button { min-width: 2.5rem; padding: 0.375rem 0.75rem; background: var(--card); font-weight: 600; cursor: pointer; }
  button:hover { border-color: var(--accent); color: var(--accent); }
  .zoom { display: flex; gap: 0.375rem; margin-left: auto; }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  .legend {
    display: flex; flex-wrap: wrap; gap: 0.375rem 0.5rem; margin: 1rem 0 0; padding: 0; list-style: none;
    font-size: 0.8125rem;
  }
  .legend li {
    display: flex; align-items: center; gap: 0.4375rem; padding: 0.125rem 0.625rem; border-radius: 1rem;
    background: var(--card);
  }
  .legend svg { flex: none; }
  .legend strong { font-weight: 600; }
  .legend .number { color: var(--soft); }
  #status { min-height: 1.5rem; margin: 0.75rem 0; color: var(--soft); font-size: 0.875rem; }
  .picture {
    max-height: 78vh; overflow: auto; border: 1px solid var(--line); border-radius: 0.875rem; background: var(--card);
    box-shadow: 0 1px 2px rgb(0 0 0 / 6%), 0 12px 32px rgb(0 0 0 / 6%);
  }
  .picture svg { display: block; margin: 0 auto; }
  .picture .node { cursor: pointer; }
  .picture .node, .picture .edge { transition: opacity 0.12s; }
  .picture .node:hover > rect { stroke-width: 2; }
  .picture .node:focus { outline: none; }
  .picture .node:focus-visible > rect { stroke: var(--accent); stroke-width: 3.5; }
  .picture .dimmed .node:not(.lit) { opacity: 0.2; }
  .picture .dimmed .edge:not(.lit) { opacity: 0.08; }
  .picture .edge.lit path { stroke-width: 2.25; opacity: 1; }
  .picture .node.found > rect, .picture .node[aria-pressed='true'] > rect { stroke-width: 2.75; }
  details { margin-top: 1.5rem; border: 1px solid var(--line); border-radius: 0.875rem; background: var(--card); }
  summary { padding: 0.75rem 1rem; font-weight: 600; cursor: pointer; }
  .rows { overflow-x: auto; }
  table { width: 100%; border-collapse: collapse; font-size: 0.9375rem; }
  th, td { padding: 0.5rem 1rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
  thead th { color: var(--soft); font-size: 0.8125rem; }
  tbody th { min-width: 18rem; font-weight: 400; }
  code { font: 0.9em ui-monospace, 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
  .told { display: block; color: var(--soft); font-size: 0.8125rem; }
  .none { margin: 0; padding: 0.75rem 1rem; border-top: 1px solid var(--line); color: var(--soft); }
  @media (max-width: 40rem) {
    body { padding-top: 1rem; }
    .zoom { margin-left: 0; }
    thead { display: none; }
    tr { display: block; padding: 0.5rem 0; border-top: 1px solid var(--line); }
    tr[hidden] { display: none; }
    th, td { display: block; padding: 0.125rem 1rem; border: 0; }
    tbody th { min-width: 0; }
  }
  @media (prefers-reduced-motion: reduce) {
    .picture .node, .picture .edge { transition: none; }
  }
  @media print {
    .toolbar, #status { display: none; }
    .picture { max-height: none; overflow: visible; border: 0; box-shadow: none; }
  }
`
