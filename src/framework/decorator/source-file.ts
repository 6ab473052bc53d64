import { readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** A place in a file; line and column count from one. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Files that declarations stand in. Read when a position is first asked for, and kept: there are few, and all are asked for together. */
const texts = new Map<string, string | undefined>()
const maps = new Map<string, FoundMap | undefined>()

interface FoundMap {
  readonly map: SourceMap
  /** What the map's sources are relative to. */
  readonly base: URL
}

/** The text of a file, or `undefined` where it cannot be read. */
export function sourceText(file: string): string | undefined {
  if (!texts.has(file)) texts.set(file, readText(file))
  return texts.get(file)
}

/** The position in what the user wrote, where a source map leads there; else, also where the map is broken, the position itself. */
export function originalPosition(position: Position): Position {
  try {
    if (!maps.has(position.file)) maps.set(position.file, readMap(position.file))
    return mapped(position, maps.get(position.file))
  } catch {
    return position
  }
}

function mapped(position: Position, found: FoundMap | undefined): Position {
  const entry = found?.map.findEntry(position.line - 1, position.column - 1)
  if (found === undefined || entry === undefined || !('originalSource' in entry)) return position
  const source = new URL(withRoot(found.map.payload.sourceRoot, entry.originalSource), found.base)
  if (source.protocol !== 'file:') return position
  return { file: fileURLToPath(source), line: entry.originalLine + 1, column: entry.originalColumn + 1 }
}

/** The offset of a position in its text. */
export function offsetOf(text: string, { line, column }: Position): number {
  const before = text.split('\n').slice(0, line - 1)
  return before.reduce((sum, { length }) => sum + length + 1, 0) + column - 1
}

/** The position of an offset in a file's text. */
export function positionAt(file: string, text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n')
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

function readMap(file: string): FoundMap | undefined {
  const links = [...(sourceText(file) ?? '').matchAll(/^\/\/[#@]\s*sourceMappingURL=(\S+)\s*$/gm)]
  const link = links.at(-1)?.[1]
  if (link === undefined) return undefined
  const url = new URL(link, pathToFileURL(file))
  const payload: unknown = JSON.parse((url.protocol === 'file:' ? readText(fileURLToPath(url)) : dataOf(url)) ?? 'null')
  if (!isPayload(payload)) return undefined
  return { map: new SourceMap(payload), base: url.protocol === 'file:' ? url : pathToFileURL(file) }
}

function dataOf(url: URL): string | undefined {
  const [head, body] = url.pathname.split(/,(.*)/s)
  if (url.protocol !== 'data:' || head === undefined || body === undefined) return undefined
  return head.endsWith(';base64') ? Buffer.from(body, 'base64').toString() : decodeURIComponent(body)
}

function isPayload(value: unknown): value is SourceMapPayload {
  if (typeof value !== 'object' || value === null) return false
  return 'mappings' in value && typeof value.mappings === 'string' && 'sources' in value && Array.isArray(value.sources)
}

function withRoot(root: string | undefined, source: string): string {
  if (root === undefined || root === '' || /^([a-z]+:|\/)/i.test(source) || source.startsWith(root)) return source
  return root.endsWith('/') ? `${root}${source}` : `${root}/${source}`
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
