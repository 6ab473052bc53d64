import { cpSync, existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { linkLibraries, linkLibrariesInto } from './library-links.js'
import type { NativePackage } from './native-package.js'
import { cleanEnvironment, runCommand } from './run-command.js'
import type { ServerPlace } from './server-place.js'
import { canReach, giveTo } from './server-place.js'

/** Programs that the server's account can run, and the environment they need. */
export interface ServerBinaries {
  readonly initdb: string
  readonly postgres: string
  readonly environment: Readonly<Record<string, string>>
}

/** Makes the package's programs runnable at this place: links its libraries, and copies it where its folder cannot serve. */
export async function prepareBinaries(native: NativePackage, { base, account }: ServerPlace): Promise<ServerBinaries> {
  const isReachable = account === undefined || (await canReach(account, join(native.root, 'bin', 'postgres')))
  if (isReachable && linkLibraries(native.root)) return binariesIn(native.root)
  if (isReachable && process.platform === 'linux') {
    const folder = join(base, 'lib')
    const searchPath = linkLibrariesInto(folder, native.root)
    giveTo(account, folder)
    return binariesIn(native.root, { LD_LIBRARY_PATH: searchPath })
  }
  // Out of the account's reach; or macOS, whose /bin/sh drops the variable that would name another library folder.
  const copy = join(base, `native-${native.version}`)
  if (!existsSync(copy)) await copyOnce(native.root, copy)
  if (linkLibraries(copy)) return binariesIn(copy)
  throw new ConfigurationError('ERR_CONFIG_DATABASE', `${copy} is not writable: remove it and start again`)
}

function binariesIn(root: string, extra: Readonly<Record<string, string>> = {}): ServerBinaries {
  return {
    initdb: join(root, 'bin', 'initdb'),
    postgres: join(root, 'bin', 'postgres'),
    environment: { ...cleanEnvironment(), ...extra },
  }
}

async function copyOnce(root: string, copy: string): Promise<void> {
  const draft = `${copy}.${process.pid}`
  rmSync(draft, { recursive: true, force: true })
  cpSync(root, draft, { recursive: true, verbatimSymlinks: true })
  // What was unpacked under a strict umask is out of the account's reach in the copy too.
  await runCommand(['chmod', '-R', 'a+rX', draft])
  try {
    renameSync(draft, copy)
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true })
    // Another process was quicker: its copy is as good.
    if (!existsSync(copy)) throw cause
  }
}
