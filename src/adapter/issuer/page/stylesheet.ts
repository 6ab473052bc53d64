/** The look of the sign-in pages: one column, readable at 360 px, light and dark. */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --page: #f3f4f7; --card: #fff; --text: #181b24; --soft: #555c6d; --line: #d5d9e2; --edge: #848c9d;
  --accent: #2f4fd8; --accent-text: #fff; --bad: #a3141f; --bad-soft: #fdecee; --warn: #7a4b00; --warn-soft: #fff5df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12141a; --card: #1b1e27; --text: #e9ebf1; --soft: #a3abbd; --line: #363c4b; --edge: #737c91;
    --accent: #8ea6ff; --accent-text: #10142a; --bad: #ff9aa2; --bad-soft: #3a1a20; --warn: #ffd28a; --warn-soft: #35280f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif;
}
main {
  width: 100%; max-width: 30rem; padding: 1.75rem 1.5rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .875rem; box-shadow: 0 1px 2px rgb(0 0 0 / 6%), 0 12px 32px rgb(0 0 0 / 6%); overflow-wrap: anywhere;
}
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; }
p { margin: 0 0 1rem; }
.server { margin-bottom: 1.25rem; color: var(--soft); font-size: .875rem; font-weight: 600; }
.lead { color: var(--soft); }
form { display: grid; gap: .375rem; margin: 0; }
label { margin-top: .5rem; font-size: .875rem; font-weight: 600; }
input, select {
  width: 100%; min-height: 2.75rem; padding: .5rem .75rem; border: 1px solid var(--edge); border-radius: .5rem;
  background: var(--page); color: inherit; font: inherit;
}
.button, .link { font: inherit; cursor: pointer; }
.button {
  display: inline-flex; align-items: center; justify-content: center; min-height: 2.75rem; margin-top: .75rem;
  padding: .5rem 1.25rem; border: 1px solid var(--accent); border-radius: .5rem; background: var(--accent);
  color: var(--accent-text); font-weight: 600; text-decoration: none;
}
.button:hover { filter: brightness(1.06); }
.quiet { margin-top: .25rem; background: transparent; border-color: var(--edge); color: var(--text); }
.link { min-height: 2.75rem; margin-top: .25rem; padding: 0; border: 0; background: none; color: var(--accent); }
.link:hover { text-decoration: underline; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.problem, .warning { padding: .75rem 1rem; border-radius: .5rem; font-size: .9375rem; }
.problem { background: var(--bad-soft); color: var(--bad); }
.warning { background: var(--warn-soft); color: var(--warn); }
.fact { margin: 0; padding: .5rem 0; color: var(--soft); font-size: .9375rem; }
.fact strong { color: var(--text); }
.scopes { margin: 0 0 1rem; padding: 0; list-style: none; border: 1px solid var(--line); border-radius: .5rem; }
.scopes li { padding: .5rem .875rem; }
.scopes li + li { border-top: 1px solid var(--line); }
.scopes em { color: var(--soft); }
.destination { padding: .75rem 1rem; border: 1px solid var(--edge); border-radius: .5rem; color: var(--soft); }
.destination span { display: block; color: var(--text); font-size: .875rem; }
.destination strong { color: var(--text); }
.choice { display: grid; gap: .5rem; }
.choice .button { margin-top: 0; }
code { padding: .0625rem .375rem; border-radius: .25rem; background: var(--page); font-size: .9em; }
dl { display: grid; gap: .125rem .75rem; margin: 0 0 1rem; font-size: .9375rem; }
dt { color: var(--soft); }
dd { margin: 0; font-weight: 600; }
@media (min-width: 30rem) {
  main { padding: 2rem; }
  .choice { grid-template-columns: 1fr 1fr; }
  dl { grid-template-columns: auto 1fr; }
}
`
