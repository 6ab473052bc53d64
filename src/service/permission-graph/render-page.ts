import { createHash } from 'node:crypto'
import { html, html as exact, type Html } from '../../adapter/issuer/page/html.js'
import { pageScript } from './page-script.js'
import { pageStylesheet } from './page-stylesheet.js'
import { drawLegend } from './page-legend.js'
import { drawTable } from './page-table.js'
import type { Picture } from './picture.js'
import { drawPicture } from './render-svg.js'
import { svgStylesheet } from './svg-stylesheet.js'

/**
 * One HTML file with the picture, a search, and a table of the same for who cannot see it. It loads nothing, and its content
 * security policy lets nothing else run.
 */
export function renderPage(picture: Picture): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="content-security-policy" content="${contentSecurityPolicy()}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${picture.title} · permission graph</title>
        ${style(pageStylesheet)}
      </head>
      <body>
        <header>
          <p class="kind">Permission graph</p>
          <h1><bdi>${picture.title}</bdi></h1>
        </header>
        <main>
          ${toolbar} ${drawLegend(picture)}
          <p id="status" role="status"></p>
          <section class="picture" aria-label="Picture">${drawPicture(picture, 'group')}</section>
          ${drawTable(picture)}
        </main>
        ${script}
      </body>
    </html> `.toString()
}

const toolbar = html`<div class="toolbar">
  <div class="search" role="search">
    <label for="search">Find a grant, a policy or an operation</label>
    <input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="admin" />
  </div>
  <div class="zoom" role="group" aria-label="Size of the picture">
    <button id="smaller" type="button" aria-label="Smaller">−</button>
    <button id="larger" type="button" aria-label="Larger">+</button>
    <button id="fit" type="button">Fit</button>
  </div>
</div>`

function style(content: Html): Html {
  return exact`<style>${content}</style>`
}

const script = exact`<script>${pageScript}</script>`

/** Everything is refused but the script and the styles of this page, each by its hash (CSP level 3, §2.3.1). */
function contentSecurityPolicy(): string {
  const styles = [pageStylesheet, svgStylesheet].map(hashOf).join(' ')
  return [
    "default-src 'none'",
    `script-src ${hashOf(pageScript)}`,
    `style-src ${styles}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')
}

function hashOf(content: Html): string {
  return `'sha256-${createHash('sha256').update(content.toString()).digest('base64')}'`
}
