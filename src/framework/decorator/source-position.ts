import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decorates, findDecorator, startOfDecorator } from './find-decorator.js'
import { offsetOf, originalPosition, positionAt, sourceText, type Position } from './source-file.js'

/** What a declaration stands on: a class, one of its methods, or a parameter of either. */
export interface DeclaredOn {
  readonly owner: string
  readonly member?: string | undefined
  readonly parameter?: boolean
}

/**
 * `file:line:column` of a declaration, relative to the working directory, from one stack (a call) or two (a decorator:
 * made, applied). Where the two part, seen from the bottom, is the decorator's use, whatever functions stand around it.
 * That counts only if the source has such a decorator there: some compilers emit no mapping for it, and a decorator may be
 * made once and used often. Else the files on the way to its use are searched. `undefined` where nothing is found.
 */
export function locate(stacks: readonly string[], target: DeclaredOn): string | undefined {
  try {
    return render(find(stacks.map(framesOf), target))
  } catch {
    // Whatever is odd about this process, as a working directory that is gone: the fault itself has to be shown.
    return undefined
  }
}

function find(stacks: readonly (readonly string[])[], target: DeclaredOn): Position | undefined {
  const [made = [], applied] = stacks
  if (applied === undefined) return positionOf(made[0])
  const candidates = partingFrames(made, applied).map(positionOf)
  return (
    candidates.map((position) => position && decoratorAt(position, target)).find((exact) => exact !== undefined) ??
    searched(applied.map(positionOf), target) ??
    candidates[0]
  )
}

/** The frame where the stacks part, then the last one they share. */
function partingFrames(made: readonly string[], applied: readonly string[]): readonly (string | undefined)[] {
  let shared = 0
  while (shared < made.length && made.at(-1 - shared) === applied.at(-1 - shared)) shared += 1
  return [made.at(-1 - shared), shared === 0 ? undefined : made.at(-shared)]
}

function framesOf(stack: string): readonly string[] {
  return stack.split('\n').filter((line) => /^\s+at /.test(line))
}

const place =
  /(?:\(|\bat (?:async )?)((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*|(?:file:\/\/|\/|[A-Za-z]:[\\/]).*):(\d+):(\d+)\)?$/

function positionOf(frame: string | undefined): Position | undefined {
  const [, source, line, column] = place.exec(frame ?? '') ?? []
  if (source === undefined) return undefined
  const file = source.startsWith('file://') ? fileURLToPath(source) : source
  return originalPosition({ file, line: Number(line), column: Number(column) })
}

function decoratorAt(position: Position, target: DeclaredOn): Position | undefined {
  const text = sourceText(position.file)
  const offset = text === undefined ? undefined : startOfDecorator(text, offsetOf(text, position))
  if (text === undefined || offset === undefined) return undefined
  const isSought = target.parameter === true || decorates(text, offset, target)
  return isSought ? positionAt(position.file, text, offset) : undefined
}

function searched(positions: readonly (Position | undefined)[], target: DeclaredOn): Position | undefined {
  for (const file of new Set(positions.flatMap((position) => (position === undefined ? [] : [position.file])))) {
    const text = sourceText(file)
    const offset = text === undefined ? undefined : findDecorator(text, target)
    if (text !== undefined && offset !== undefined) return positionAt(file, text, offset)
  }
  return undefined
}

function render(position: Position | undefined): string | undefined {
  if (position === undefined) return undefined
  return `${relative(process.cwd(), position.file).split(sep).join('/')}:${position.line}:${position.column}`
}
