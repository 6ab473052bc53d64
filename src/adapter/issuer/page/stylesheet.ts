/** The look of the sign-in pages: one column, readable at 360 px, light and dark. */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --page: #f3f4f7; --card: #fff; --text: #181b24; --soft: #555c6d; --line: #d5d9e2; --edge: #848c9d;
  --accent: #2f4fd8; --accent-text: #fff; --good: #12703c; --good-soft: #e3f5ea;
  --bad: #a3141f; --bad-soft: #fdecee; --warn: #7a4b00; --warn-soft: #fff5df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12141a; --card: #1b1e27; --text: #e9ebf1; --soft: #a3abbd; --line: #363c4b; --edge: #737c91;
    --accent: #8ea6ff; --accent-text: #10142a; --good: #7fdca4; --good-soft: #143322;
    --bad: #ff9aa2; --bad-soft: #3a1a20; --warn: #ffd28a; --warn-soft: #35280f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; place-items: start center; padding: 1rem;
  background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif;
}
main {
  width: 100%; max-width: 30rem; padding: 1.75rem 1.5rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .875rem; box-shadow: 0 1px 2px rgb(0 0 0 / 6%), 0 12px 32px rgb(0 0 0 / 6%); overflow-wrap: anywhere;
}
main > :last-child { margin-bottom: 0; }
h1 { margin: 0 0 .875rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; text-wrap: balance; }
p { margin: 0 0 1rem; }
.server { margin-bottom: 1rem; color: var(--soft); font-size: .875rem; font-weight: 600; }
.lead { color: var(--soft); }
form { display: grid; gap: .375rem; margin: 0; }
label { margin-top: .5rem; font-size: .875rem; font-weight: 600; }
input, select {
  width: 100%; min-height: 2.75rem; padding: .5rem .75rem; border: 1px solid var(--edge); border-radius: .5rem;
  background: var(--page); color: inherit; font: inherit;
}
select {
  appearance: none; padding-right: 2.25rem; background-repeat: no-repeat; background-size: .375rem .375rem;
  background-position: right 1.125rem center, right .75rem center; text-overflow: ellipsis;
  background-image:
    linear-gradient(45deg, transparent 50%, var(--soft) 50%), linear-gradient(135deg, var(--soft) 50%, transparent 50%);
}
.button, .link { font: inherit; cursor: pointer; }
.button {
  display: inline-flex; align-items: center; justify-content: center; min-height: 2.75rem; margin-top: .75rem;
  padding: .5rem 1.25rem; border: 1px solid var(--accent); border-radius: .5rem; background: var(--accent);
  color: var(--accent-text); font-weight: 600; text-decoration: none;
}
.button:hover { filter: brightness(1.06); }
.quiet { margin-top: .25rem; background: transparent; border-color: var(--edge); color: var(--text); }
.link { min-height: 2.75rem; margin: .25rem 0 -.75rem; padding: 0; border: 0; background: none; color: var(--accent); }
.link:hover { text-decoration: underline; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.problem, .warning { padding: .75rem 1rem; border-radius: .5rem; font-size: .9375rem; }
.problem { background: var(--bad-soft); color: var(--bad); }
.warning { background: var(--warn-soft); color: var(--warn); }
.fact { margin: 0; padding: .5rem 0; color: var(--soft); font-size: .9375rem; }
.qr { display: block; max-width: 100%; height: auto; margin: 0 auto; border-radius: .5rem; }
.codes { columns: 2; padding-left: 1.25rem; }
input[type=checkbox] { width: auto; min-height: 0; }
.fact strong { color: var(--text); }
.fact a { color: var(--accent); }
form + .fact { margin-top: 1.25rem; }
.consent { margin-top: 1rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.consent h2 { margin: 0 0 .5rem; font-size: 1.0625rem; }
.scopes { margin: 0 0 1rem; padding: 0; list-style: none; border: 1px solid var(--line); border-radius: .5rem; }
.scopes li { padding: .5rem .875rem; }
.scopes li + li { border-top: 1px solid var(--line); }
.scopes em { color: var(--soft); }
.destination { padding: .75rem 1rem; border: 1px solid var(--edge); border-radius: .5rem; color: var(--soft); }
.destination span { display: block; color: var(--text); font-size: .875rem; }
.destination strong { color: var(--text); }
.choice { display: grid; gap: .5rem; }
.choice .button { margin-top: 0; }
.providers { margin-top: 1.5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
.providers h2 { margin: .75rem 0 .25rem; font-size: .875rem; font-weight: 600; color: var(--soft); }
code { padding: .0625rem .375rem; border-radius: .25rem; background: var(--page); font-size: .9em; }
.compare { display: flex; align-items: center; justify-content: space-between; gap: 1rem; }
.number { font: 600 1.75rem/1.25 ui-monospace, monospace; letter-spacing: .08em; white-space: nowrap; }
.one-time-code {
  padding: .75rem .5rem; border: 1px solid var(--edge); border-radius: .5rem; background: var(--page); text-align: center;
  font: 600 2rem/1.25 ui-monospace, monospace; letter-spacing: .05em; white-space: nowrap;
  -webkit-user-select: all; user-select: all;
}
dl { display: grid; grid-template-columns: auto 1fr; gap: .375rem .875rem; margin: 0 0 1rem; font-size: .9375rem; }
dt { color: var(--soft); }
dd { margin: 0; font-weight: 600; }
dd time, dd .aside { color: var(--soft); font-weight: 400; }
time { display: inline-block; }
.done::before {
  content: "✓" / ""; display: grid; place-items: center; width: 2.75rem; height: 2.75rem; margin-bottom: .875rem;
  border-radius: 50%; background: var(--good-soft); color: var(--good); font-size: 1.375rem;
}
@media (min-width: 30rem) {
  body { place-items: center; }
  main { padding: 2rem; }
  .choice { grid-template-columns: 1fr 1fr; }
}
`
