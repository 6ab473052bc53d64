import { describe, expect, it } from '@jest/globals'
import { html } from '../../../src/adapter/issuer/page/html.js'

describe('markup', () => {
  it('escapes what is put into text and attributes', () => {
    expect(html`<a href="${'"><script>'}">${`&<>"'\``}</a>`.toString()).toBe(
      '<a href="&quot;&gt;&lt;script&gt;">&amp;&lt;&gt;&quot;&#39;&#96;</a>',
    )
  })

  it('keeps markup in markup, alone and in lists', () => {
    const items = [html`<li>${'<'}</li>`, html`<li>${1}</li>`]
    expect(html`${html`<b>x</b>`}${items}${undefined}`.toString()).toBe('<b>x</b><li>&lt;</li><li>1</li>')
  })

  it('does not take an object for markup that only looks like it', () => {
    const fake = { toString: () => '<script>' } as unknown as string
    expect(() => html`${fake}`.toString()).toThrow(TypeError)
  })
})
