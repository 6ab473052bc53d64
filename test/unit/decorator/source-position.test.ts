import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from '@jest/globals'
import { locate } from '../../../src/framework/decorator/source-position.js'

const folder = mkdtempSync(join(tmpdir(), 'authsec-position-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const source = `class Server {
  @Public()
  hello() {}
}
`
writeFileSync(join(folder, 'server.ts'), source)

let written = 0
/** An output file that ends in `ending`, and a frame in its first line, which the maps below lead to line 2, column 4. */
function output(ending: string): { readonly file: string; readonly frame: string } {
  written += 1
  const file = join(folder, `output-${written}.js`)
  writeFileSync(file, `Public()\n${ending}`)
  return { file, frame: `    at Object.<anonymous> (${pathToFileURL(file).href}:1:1)` }
}

const map = { version: 3, sources: ['server.ts'], names: [], mappings: 'AACG' }
const encoded = (payload: unknown) => Buffer.from(JSON.stringify(payload)).toString('base64')
const inline = (payload: unknown) => `//# sourceMappingURL=data:application/json;base64,${encoded(payload)}\n`
const on = { owner: 'Server', member: 'hello' }
const here = (name: string) => relative(process.cwd(), join(folder, name)).split('\\').join('/')

function positionOf(ending: string): string | undefined {
  const { frame } = output(ending)
  return locate([`Error\n${frame}`, 'Error\n    at elsewhere (node:internal/process:1:1)'], on)
}

describe('a position', () => {
  it('is that of the source where a map leads there', () => {
    expect(positionOf(inline(map))).toBe(`${here('server.ts')}:2:3`)
    expect(positionOf(`//# sourceMappingURL=data:application/json,${encodeURIComponent(JSON.stringify(map))}\n`)).toBe(
      `${here('server.ts')}:2:3`,
    )
    expect(positionOf(inline({ ...map, sources: [pathToFileURL(join(folder, 'server.ts')).href] }))).toBe(
      `${here('server.ts')}:2:3`,
    )
    expect(positionOf(inline({ ...map, sourceRoot: pathToFileURL(folder).href }))).toBe(`${here('server.ts')}:2:3`)
  })

  it('is read from a map beside the output, the last one that is named', () => {
    writeFileSync(join(folder, 'beside.js.map'), JSON.stringify(map))
    expect(positionOf('//# sourceMappingURL=missing.map\n//# sourceMappingURL=beside.js.map\n')).toBe(
      `${here('server.ts')}:2:3`,
    )
  })

  it('is that of the output where no map leads anywhere', () => {
    for (const ending of ['', '//# sourceMappingURL=missing.map\n', inline({ version: 3 }), inline([])]) {
      const { file, frame } = output(ending)
      expect(locate([`Error\n${frame}`, 'Error'], on)).toBe(`${here(relative(folder, file))}:1:1`)
    }
  })

  it('is that of the map where the source is not there', () => {
    expect(positionOf(inline({ ...map, sources: ['gone.ts'] }))).toBe(`${here('gone.ts')}:2:4`)
  })

  it.each([
    ['is no JSON', '//# sourceMappingURL=data:application/json;base64,bm8=\n'],
    ['is somewhere that is no address', '//# sourceMappingURL=http://[broken\n'],
    ['names a source that is no address', inline({ ...map, sources: ['http://[broken'] })],
  ])('is that of the output, and nothing is thrown, where the map %s', (_case, ending) => {
    const { file, frame } = output(ending)
    expect(locate([`Error\n${frame}`, 'Error'], on)).toBe(`${here(relative(folder, file))}:1:1`)
  })

  it.each([
    ['no stack', ['', '']],
    ['no frames', ['Error: x', 'Error: x']],
    ['frames of Node alone', ['Error\n    at node:internal/main:1:1', 'Error']],
    ['nothing at all', []],
  ])('is unknown with %s', (_case, stacks) => {
    expect(locate(stacks, on)).toBeUndefined()
  })

  it.each([
    ['a path', (file: string) => `    at ${file}:1:1`],
    ['a path in brackets', (file: string) => `    at new Server (${file}:1:1)`],
    ['an asynchronous frame', (file: string) => `    at async ${pathToFileURL(file).href}:1:1`],
  ])('is read from %s', (_case, frameOf) => {
    const { file } = output('')
    expect(locate([`Error\n${frameOf(file)}`], on)).toBe(`${here(relative(folder, file))}:1:1`)
  })
})
