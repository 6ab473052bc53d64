import { html as css, type Html } from '../../adapter/issuer/page/html.js'

/** The look of the access matrix: light and dark, with names that stay in sight. */
export const matrixStylesheet: Html = css`
  :root {
    color-scheme: light dark;
    --page: #eef0f4;
    --card: #fff;
    --head: #f5f6f9;
    --text: #181b24;
    --soft: #555c6d;
    --line: #d5d9e2;
    --accent: #2f4fd8;
    --allow: #17602a;
    --allow-fill: #dff3e1;
    --unknown: #663f00;
    --unknown-fill: #fdeecb;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --page: #0e1015;
      --card: #15171e;
      --head: #1b1e27;
      --text: #e9ebf1;
      --soft: #a3abbd;
      --line: #363c4b;
      --accent: #8ea6ff;
      --allow: #c0f0c6;
      --allow-fill: #17371c;
      --unknown: #ffdfa6;
      --unknown-fill: #3b2b0c;
    }
  }
  * {
    box-sizing: border-box;
  }
  body {
    margin: 0 auto;
    max-width: 100rem;
    padding: 1.5rem clamp(0.75rem, 3vw, 2.5rem) 3rem;
    background: var(--page);
    color: var(--text);
    font:
      1rem/1.5 system-ui,
      -apple-system,
      'Segoe UI',
      Roboto,
      'Helvetica Neue',
      Arial,
      sans-serif;
  }
  h1 {
    margin: 0 0 1rem;
    font-size: 1.625rem;
    line-height: 1.25;
    overflow-wrap: anywhere;
  }
  .kind {
    margin: 0;
    color: var(--soft);
    font-size: 0.875rem;
    font-weight: 600;
  }
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 0.375rem 1.25rem;
    margin: 0 0 1rem;
    padding: 0;
    list-style: none;
    color: var(--soft);
    font-size: 0.875rem;
  }
  .matrix {
    max-height: 85vh;
    overflow: auto;
    border: 1px solid var(--line);
    border-radius: 0.875rem;
    background: var(--card);
  }
  :focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  table {
    border-collapse: separate;
    border-spacing: 0;
    font-size: 0.9375rem;
  }
  th,
  td {
    padding: 0.375rem 0.875rem;
    border-bottom: 1px solid var(--line);
    text-align: center;
  }
  tbody tr:last-child > * {
    border-bottom: 0;
  }
  thead th {
    position: sticky;
    top: 0;
    z-index: 1;
    max-width: 14rem;
    background: var(--head);
    font-size: 0.8125rem;
    vertical-align: bottom;
    overflow-wrap: break-word;
  }
  th:first-child {
    position: sticky;
    left: 0;
    z-index: 1;
    background: var(--head);
    border-right: 1px solid var(--line);
    text-align: left;
    font-weight: 400;
  }
  thead th:first-child {
    z-index: 2;
    font-weight: 600;
  }
  tbody tr:hover > td {
    background: var(--head);
  }
  .demand {
    min-width: 12rem;
    max-width: 28rem;
    color: var(--soft);
    font-size: 0.8125rem;
    text-align: left;
    overflow-wrap: anywhere;
  }
  code {
    font:
      0.9em ui-monospace,
      'Cascadia Mono',
      Menlo,
      Consolas,
      'DejaVu Sans Mono',
      monospace;
  }
  .mark {
    display: inline-block;
    min-width: 1.75rem;
    border-radius: 0.375rem;
    color: var(--soft);
    font-weight: 600;
    text-align: center;
  }
  .mark.allow {
    background: var(--allow-fill);
    color: var(--allow);
  }
  .mark.unknown {
    background: var(--unknown-fill);
    color: var(--unknown);
  }
  @media print {
    .matrix {
      max-height: none;
      overflow: visible;
      border: 0;
    }
  }
`
