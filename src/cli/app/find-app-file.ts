import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { hasCode } from '../../core/error/has-code.js'

const usual = join('dist', 'app.js')
const typeScript = /\.[cm]?tsx?$/

/**
 * The file that exports the app: the one that is named, else `authsec.app` of the folder's package.json, else `dist/app.js`.
 * Throws `ConfigurationError` for one that cannot be imported.
 */
export function findAppFile(named: string | undefined, folder = process.cwd()): string {
  const listed = named ?? listedApp(folder)
  const file = resolve(folder, listed ?? usual)
  const shown = relative(folder, file)
  if (typeScript.test(file)) {
    throw fault(`${shown} is TypeScript: build it first, and name what was built, such as ${usual}`)
  }
  if (!existsSync(file)) throw fault(`there is no ${shown}: ${listed === undefined ? unlistedAdvice(folder) : advice}`)
  if (!statSync(file).isFile()) throw fault(`${shown} is no file: name the one that exports the app`)
  return file
}

const advice = 'build it first, or name the file that exports the app with --app'

/** A project whose only file makes the app and starts it has nothing that can be read without a start. */
function unlistedAdvice(folder: string): string {
  const startsItself = starting.find((file) => existsSync(join(folder, file)))
  if (startsItself !== undefined && !existsSync(join(folder, 'src', 'app.ts'))) {
    return (
      `put what createAuthSecApp returns into src/app.ts as its default export, start it from ${startsItself}, and build (npx tsc); ` +
      'or name the built file that exports the app with --app'
    )
  }
  return `${advice}, or in package.json: "authsec": { "app": "dist/app.js" }`
}

const starting = [join('src', 'server.ts'), join('src', 'main.ts'), join('src', 'index.ts')]

function listedApp(folder: string): string | undefined {
  const description = readDescription(join(folder, 'package.json'))
  const own: unknown = isObject(description) ? description['authsec'] : undefined
  const app: unknown = isObject(own) ? own['app'] : undefined
  if (app === undefined || (typeof app === 'string' && app !== '')) return app
  throw fault('authsec.app in package.json is the path of a file, such as "dist/app.js"')
}

function readDescription(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw fault('package.json cannot be read', error)
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function fault(message: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_APP', message, cause === undefined ? {} : { cause })
}
