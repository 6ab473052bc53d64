import { relative } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { AuthSecApp } from '../../app/create-auth-sec-app.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { startedOnImport, type ReadingApp } from '../../core/runtime/reading-app.js'

export interface ImportOptions {
  readonly file: string
  readonly reading: ReadingApp
  /** How long the file may take. */
  readonly milliseconds: number
}

/** The app that a file exports. Throws `ConfigurationError` for a file that fails, never ends, exports no app, or starts it. */
export async function importApp({ file, reading, milliseconds }: ImportOptions): Promise<AuthSecApp> {
  const shown = relative(process.cwd(), file)
  const loaded = await settled(import(pathToFileURL(file).href), milliseconds)
  // What is not awaited may start it a little later.
  await nextTurn()
  if (reading.attempt !== undefined) throw startedOnImport(shown, reading.attempt)
  if (loaded.state === 'pending') {
    throw fault(`${shown} was not loaded within ${milliseconds / 1_000} s: it awaits something that does not come`)
  }
  if (loaded.state === 'failed') throw failure(shown, loaded.error)
  return exportedApp(shown, loaded.value)
}

type Settled =
  | { readonly state: 'done'; readonly value: unknown }
  | { readonly state: 'failed'; readonly error: unknown }
  | { readonly state: 'pending' }

async function settled(promise: Promise<unknown>, milliseconds: number): Promise<Settled> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<Settled>((resolve) => {
    timer = setTimeout(() => resolve({ state: 'pending' }), milliseconds)
  })
  const outcome = promise.then(
    (value): Settled => ({ state: 'done', value }),
    (error: unknown): Settled => ({ state: 'failed', error }),
  )
  try {
    return await Promise.race([outcome, timeout])
  } finally {
    clearTimeout(timer)
  }
}

function exportedApp(shown: string, module: unknown): AuthSecApp {
  const exported = memberOf(module, 'default')
  // A module that was compiled to CommonJS has its exports one level deeper.
  const app = [exported, memberOf(exported, 'default')].find(isApp)
  if (app !== undefined) return app
  if (exported === undefined) {
    throw fault(`${shown} has no default export: write "export default createAuthSecApp({ ... })"`)
  }
  throw fault(
    `the default export of ${shown} is not what createAuthSecApp returned, in a version that this command knows`,
  )
}

/** By shape: the app may come from another copy of this package. */
function isApp(value: unknown): value is AuthSecApp {
  const graph = memberOf(memberOf(value, 'catalogue'), 'permissions')
  const asks = ['decide', 'explain', 'find', 'whoCan'].every((name) => typeof memberOf(graph, name) === 'function')
  const named = typeof memberOf(value, 'name') === 'string' && memberOf(value, 'testCallers') instanceof Map
  return asks && named && Array.isArray(memberOf(graph, 'items'))
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function failure(shown: string, error: unknown): ConfigurationError {
  if (error instanceof ConfigurationError) return error
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return fault(`${shown} cannot be loaded: ${message}${placeOf(error)}`, error)
}

/** Where it was thrown; for a file that cannot be parsed, its first line is that place. */
function placeOf(error: unknown): string {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : []
  const [first = ''] = lines
  const place = first.startsWith('file:') ? first : lines.find((line) => line.trimStart().startsWith('at '))
  return place === undefined ? '' : `\n    ${place.trim()}`
}

function fault(message: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_APP', message, cause === undefined ? {} : { cause })
}
