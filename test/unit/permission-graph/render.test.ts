import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { allOf, anyOf, not, permission, role } from '../../../src/core/permission/requirement/builders.js'
import { authenticated } from '../../../src/core/permission/requirement/requirement.js'
import { layOut } from '../../../src/service/permission-graph/picture-layout.js'
import { pictureOf, type Picture } from '../../../src/service/permission-graph/picture.js'
import { renderMermaid } from '../../../src/service/permission-graph/render-mermaid.js'
import { renderPage } from '../../../src/service/permission-graph/render-page.js'
import { renderSvg } from '../../../src/service/permission-graph/render-svg.js'
import { company, guarded, hostile, hostileNames, quickstart } from './graph-samples.js'

const pictures: Readonly<Record<string, Picture>> = {
  empty: pictureOf({ items: [] }, 'Empty'),
  quickstart: pictureOf({ items: quickstart }, 'My Secure MCP Server'),
  company: pictureOf({ items: company }, 'Company'),
  hostile: pictureOf({ items: hostile }, hostileNames.join(' ')),
}
const names = Object.keys(pictures)
const picture = (name: string): Picture => pictures[name] ?? pictureOf({ items: [] }, name)
const nodesOf = ({ grants, requirements, operations }: Picture): readonly { readonly id: string }[] => [
  ...grants,
  ...requirements,
  ...operations,
]
const matchesOf = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] ?? match[0])

describe('a permission graph as SVG', () => {
  it.each(names)('has every node and edge once: %s', (name) => {
    const svg = renderSvg(picture(name))
    expect(matchesOf(svg, / data-node="([^"]*)"/g)).toEqual(nodesOf(picture(name)).map(({ id }) => id))
    expect(matchesOf(svg, / data-from="[^"]*" data-to="[^"]*"/g)).toHaveLength(picture(name).edges.length)
    expect(matchesOf(svg, /NaN|Infinity|undefined/g)).toEqual([])
  })

  it.each(names)('is the same each time: %s', (name) => {
    expect(renderSvg(picture(name))).toBe(renderSvg(picture(name)))
  })

  it('says what is negated', () => {
    const svg = renderSvg(pictureOf({ items: [guarded('run', not(role('a')))] }, 'Sample'))
    expect(matchesOf(svg, /class="edge negated/g)).toHaveLength(1)
    expect(svg).toContain('>not</text>')
  })

  it('cuts a long name, and tells the whole of it', () => {
    const name = 'x'.repeat(200)
    const svg = renderSvg(pictureOf({ items: [guarded(name, authenticated)] }, 'Sample'))
    expect(svg).toMatch(/>x{20,40}…<\/text>/)
    expect(svg).toContain(`<title>${name} · Who may: every authenticated user</title>`)
  })

  it('keeps hostile names as text', () => {
    const svg = renderSvg(picture('hostile'))
    expect(new Set(matchesOf(svg, /<\/?([a-z!?][\w-]*)/gi))).toEqual(
      new Set(['svg', 'style', 'rect', 'text', 'tspan', 'g', 'path', 'title']),
    )
    expect(new Set(matchesOf(svg, / ([\w-]+)="/g).filter((name) => name.startsWith('on')))).toEqual(new Set())
    expect(svg).not.toMatch(/[^\t\n\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u)
  })

  it('places hundreds of operations in seconds', () => {
    const items = Array.from({ length: 300 }, (_, index) =>
      guarded(
        `operation_${index}`,
        allOf(
          anyOf(role(`role${index % 12}`), role(`role${index % 7}`)),
          permission(`thing${index % 90}:read`),
          not(role(`barred${index % 3}`)),
        ),
      ),
    )
    const begun = performance.now()
    renderSvg(pictureOf({ items }, 'Large'))
    expect(performance.now() - begun).toBeLessThan(15_000)
  })
})

describe('the layout of a picture', () => {
  it.each(['quickstart', 'company'])('lets no node cover another: %s', (name) => {
    const { width, height, boxes } = layOut(picture(name))
    const all = [...boxes.values()]
    const covered = all.filter((one, index) =>
      all
        .slice(index + 1)
        .some(
          (other) =>
            one.x < other.x + other.width &&
            other.x < one.x + one.width &&
            one.y < other.y + other.height &&
            other.y < one.y + one.height,
        ),
    )
    expect(covered).toEqual([])
    expect(
      all.filter(({ x, y, ...size }) => x < 0 || y < 0 || x + size.width > width || y + size.height > height),
    ).toEqual([])
  })

  it.each(['quickstart', 'company'])('goes from the left to the right: %s', (name) => {
    const { columns, routes } = layOut(picture(name))
    expect(columns.map(({ heading }) => heading)).toEqual(['Grants', 'Requirements', 'Operations'])
    for (const { points } of routes) {
      expect(points.map(({ x }) => x)).toEqual(points.map(({ x }) => x).toSorted((one, other) => one - other))
    }
  })

  it('keeps operations of one requirement together', () => {
    const { boxes } = layOut(picture('company'))
    const heights = picture('company').operations.map(({ id, words }) => ({ words, y: boxes.get(id)?.y ?? 0 }))
    const downwards = heights.toSorted((one, other) => one.y - other.y).map(({ words }) => words)
    const starts = downwards.filter((words, index) => words !== downwards[index - 1])
    expect(new Set(starts).size).toBe(starts.length)
  })
})

describe('a permission graph as a page', () => {
  it.each(names)('is the same each time, and holds the picture and each operation: %s', (name) => {
    const page = renderPage(picture(name))
    expect(page).toBe(renderPage(picture(name)))
    expect(matchesOf(page, / data-node="([^"]*)"/g)).toEqual(nodesOf(picture(name)).map(({ id }) => id))
    expect(matchesOf(page, /<tr data-row="([^"]*)"/g)).toEqual(picture(name).operations.map(({ id }) => id))
  })

  it.each(names)('lets only its own script and styles run: %s', (name) => {
    const page = renderPage(picture(name))
    const hash = (content: string): string => `sha256-${createHash('sha256').update(content).digest('base64')}`
    const scripts = matchesOf(page, /<script>([^]*?)<\/script>/g)
    const styles = matchesOf(page, /<style>([^]*?)<\/style>/g)
    expect([scripts.length, styles.length]).toEqual([1, 2])
    const policy = matchesOf(page, /content-security-policy" content="([^"]*)"/g)
      .join()
      .replaceAll('&#39;', "'")
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src '${scripts.map(hash).join()}'`,
      `style-src ${styles.map((style) => `'${hash(style)}'`).join(' ')}`,
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
    ])
  })

  it('asks nobody for anything', () => {
    const page = renderPage(picture('company')).replaceAll('xmlns="http://www.w3.org/2000/svg"', '')
    expect(matchesOf(page, / (?:src|srcset|href|action|data)=|url\(|@import|import\(|fetch|XMLHttp|https?:/g)).toEqual(
      [],
    )
  })
})

describe('a permission graph as Mermaid', () => {
  const label = String.raw`"(?:[\p{L}\p{N} ·_.,-]|#\d+;)*"`
  const line = new RegExp(
    String.raw`^  (?:g\d+\(\[${label}\]\):::\w+|r\d+\{\{${label}\}\}:::\w+|o\d+\[${label}\]:::operation|\w\d+ (?:-->|-\.->\|not\|) \w\d+|classDef \w+ fill:#\w+,stroke:#\w+,color:#\w+)$`,
    'u',
  )

  it.each(names)('has every node and edge, and nothing that a name could have written: %s', (name) => {
    const [open, title, close, type, ...lines] = renderMermaid(picture(name)).trimEnd().split('\n')
    expect([open, close, type]).toEqual(['---', '---', 'flowchart LR'])
    expect(title).toMatch(/^title: "(?:[\p{L}\p{N} ·_.,-]|\\U[\da-f]{8})*"$/u)
    expect(lines.filter((one) => !line.test(one))).toEqual([])
    const { edges } = picture(name)
    expect(lines.filter((one) => /:::/.test(one))).toHaveLength(nodesOf(picture(name)).length)
    expect(lines.filter((one) => /->/.test(one))).toHaveLength(edges.length)
  })

  it('keeps names readable', () => {
    expect(renderMermaid(pictureOf({ items: [guarded('list', permission('invoice:read'))] }, 'My server'))).toBe(`---
title: "My server"
---
flowchart LR
  g1(["permission invoice#58;read"]):::permissions
  r1{{"is enough"}}:::part
  o1["list"]:::operation
  g1 --> r1
  r1 --> o1
  classDef permissions fill:#dff3e1,stroke:#33903f,color:#154d1f
  classDef part fill:#ffffff,stroke:#7d869a,color:#2b3244
  classDef operation fill:#ffffff,stroke:#7f889c,color:#181b24
`)
  })
})
