import { readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { decorates, findDecorator, startOfDecorator } from './find-decorator.js'

interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** What a declaration stands on: a class, one of its methods, or a parameter of either. */
export interface DeclaredOn {
  readonly owner: string
  readonly member?: string | undefined
  readonly parameter?: boolean
}

/**
 * `file:line:column` of a declaration, from one stack (a call) or two (a decorator: made, applied). Where the two stacks
 * part, seen from the bottom, is the decorator's use, whatever functions stand around it. That counts only if the source
 * has such a decorator there: some compilers emit no mapping for it, and a decorator may be made once and used often. Else
 * the files on the way to its use are searched.
 */
export function locate(stacks: readonly string[], target: DeclaredOn): string | undefined {
  const [made, applied] = stacks.map(framesOf)
  if (made === undefined) return undefined
  if (applied === undefined) return render(original(parseFrame(made[0])))
  const candidates = partingFrames(made, applied).map((frame) => original(parseFrame(frame)))
  for (const position of candidates) {
    const exact = position && decoratorAt(position, target)
    if (exact !== undefined) return render(exact)
  }
  return render(searched(applied, target) ?? candidates[0])
}

/** The frame where the stacks part, then the last one they share. */
function partingFrames(made: readonly string[], applied: readonly string[]): readonly string[] {
  let shared = 0
  while (shared < made.length && made.at(-1 - shared) === applied.at(-1 - shared)) shared += 1
  return [made.at(-1 - shared), shared === 0 ? undefined : made.at(-shared)].filter((frame) => frame !== undefined)
}

function framesOf(stack: string): readonly string[] {
  return stack.split('\n').filter((line) => /^\s+at /.test(line))
}

function parseFrame(frame: string | undefined): Position | undefined {
  const place =
    /(?:\(|\bat (?:async )?)((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*|(?:file:\/\/|\/|[A-Za-z]:[\\/]).*):(\d+):(\d+)\)?$/.exec(
      frame ?? '',
    )
  const [, source, line, column] = place ?? []
  if (source === undefined) return undefined
  const file = source.startsWith('file://') ? fileURLToPath(source) : source
  return { file, line: Number(line), column: Number(column) }
}

/** The position in what the user wrote, where a source map leads there. */
function original(position: Position | undefined): Position | undefined {
  if (position === undefined) return undefined
  const mapUrl = sourceMapUrl(position.file)
  const map = mapUrl === undefined ? undefined : readSourceMap(mapUrl)
  if (mapUrl === undefined || map === undefined) return position
  const entry = new SourceMap(map).findEntry(position.line - 1, position.column - 1)
  if (!('originalSource' in entry) || typeof entry.originalSource !== 'string') return position
  const base = mapUrl.protocol === 'data:' ? pathToFileURL(position.file) : mapUrl
  const source = new URL(withRoot(map.sourceRoot, entry.originalSource), base)
  if (source.protocol !== 'file:') return position
  return { file: fileURLToPath(source), line: entry.originalLine + 1, column: entry.originalColumn + 1 }
}

function withRoot(root: string | undefined, source: string): string {
  if (root === undefined || root === '' || /^([a-z]+:|\/)/i.test(source) || source.startsWith(root)) return source
  return root.endsWith('/') ? `${root}${source}` : `${root}/${source}`
}

function sourceMapUrl(file: string): URL | undefined {
  const links = [...(readText(file) ?? '').matchAll(/^\/\/[#@]\s*sourceMappingURL=(\S+)\s*$/gm)]
  const link = links.at(-1)?.[1]
  return link === undefined || !URL.canParse(link, pathToFileURL(file).href)
    ? undefined
    : new URL(link, pathToFileURL(file))
}

function readSourceMap(url: URL): SourceMapPayload | undefined {
  const json = url.protocol === 'file:' ? readText(fileURLToPath(url)) : readDataUrl(url)
  try {
    const payload: unknown = JSON.parse(json ?? '')
    return isPayload(payload) ? payload : undefined
  } catch {
    return undefined
  }
}

function readDataUrl(url: URL): string | undefined {
  const [head, body] = url.pathname.split(/,(.*)/s)
  if (url.protocol !== 'data:' || head === undefined || body === undefined) return undefined
  return head.endsWith(';base64') ? Buffer.from(body, 'base64').toString() : decodeURIComponent(body)
}

function isPayload(value: unknown): value is SourceMapPayload {
  return (
    typeof value === 'object' &&
    value !== null &&
    'mappings' in value &&
    typeof value.mappings === 'string' &&
    'sources' in value
  )
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function decoratorAt(position: Position, target: DeclaredOn): Position | undefined {
  const text = readText(position.file)
  const offset = text === undefined ? undefined : startOfDecorator(text, offsetOf(text, position))
  if (text === undefined || offset === undefined) return undefined
  return target.parameter === true || decorates(text, offset, target)
    ? positionAt(position.file, text, offset)
    : undefined
}

function searched(frames: readonly string[], target: DeclaredOn): Position | undefined {
  const files = new Set(frames.map((frame) => original(parseFrame(frame))?.file).filter((file) => file !== undefined))
  for (const file of [...files].slice(0, 10)) {
    const text = readText(file)
    const offset = text === undefined ? undefined : findDecorator(text, target)
    if (text !== undefined && offset !== undefined) return positionAt(file, text, offset)
  }
  return undefined
}

function offsetOf(text: string, position: Position): number {
  const before = text.split('\n').slice(0, position.line - 1)
  return before.reduce((sum, line) => sum + line.length + 1, 0) + position.column - 1
}

function positionAt(file: string, text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n')
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

function render(position: Position | undefined): string | undefined {
  if (position === undefined) return undefined
  return `${relative(process.cwd(), position.file).split(sep).join('/')}:${position.line}:${position.column}`
}
