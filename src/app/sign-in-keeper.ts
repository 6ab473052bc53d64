import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, lstat, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SignInKeeper } from '../adapter/mcp/stdio/stdio-session.js'
import type { TenantRegistry } from '../core/identity/tenant.js'
import { ensureFolder, writePrivateFile } from './settings/private-file.js'

export interface SignInKeeperOptions {
  readonly home: string
  /** One file for each application. */
  readonly clientId: string
  /** The key of a sign-in, from its own id. */
  readonly keyOf: (secret: string) => string
  readonly tenants: Pick<TenantRegistry, 'findBySlug'>
}

interface KeptSignIn {
  readonly secret: string
  readonly tenant: { readonly id: string; readonly slug: string }
}

const mostBytes = 4_096

/**
 * Keeps the sign-in of an application in a file of its own under the home, for its owner's eyes only. A file that others can
 * read or write, that says something else, or that names a tenant which is not there is no sign-in. `load` throws
 * `UpstreamError` when the tenant cannot be looked up.
 */
export function createSignInKeeper({ home, clientId, keyOf, tenants }: SignInKeeperOptions): SignInKeeper {
  const name = createHash('sha256').update(clientId).digest('hex').slice(0, 32)
  const path = join(home, 'sign-ins', `${name}.json`)
  return {
    async load() {
      const kept = parse(await readPrivateFile(path))
      if (kept === undefined) return undefined
      const tenant = await tenants.findBySlug(kept.tenant.slug)
      return tenant?.id === kept.tenant.id ? { tenant, key: keyOf(kept.secret) } : undefined
    },
    async keep(signIn, secret) {
      if (signIn === undefined || secret === undefined) return rm(path, { force: true })
      await ensureFolder(dirname(path))
      await chmod(dirname(path), 0o700)
      const { id, slug } = signIn.tenant
      await writePrivateFile(path, `${JSON.stringify({ secret, tenant: { id, slug } })}\n`)
    },
  }
}

/** The text of a file that nobody else can read or replace; `undefined` for every other one, and for one that cannot be read. */
async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    const folder = await lstat(dirname(path))
    if (!folder.isDirectory() || !isPrivate(folder, 0o022)) return undefined
    // What was looked at is what is read: a name could lead elsewhere a moment later. A FIFO must not make us wait.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const status = await file.stat()
      const plain = status.isFile() && status.size <= mostBytes && isPrivate(status, 0o077)
      return plain ? await file.readFile('utf8') : undefined
    } finally {
      await file.close()
    }
  } catch {
    return undefined
  }
}

function isPrivate({ mode, uid }: { readonly mode: number; readonly uid: number }, forbidden: number): boolean {
  if (process.getuid === undefined) return true
  return uid === process.getuid() && (mode & forbidden) === 0
}

function parse(text: string | undefined): KeptSignIn | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isKeptSignIn(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isKeptSignIn(value: unknown): value is KeptSignIn {
  if (typeof value !== 'object' || value === null) return false
  const tenant: unknown = Reflect.get(value, 'tenant')
  if (typeof Reflect.get(value, 'secret') !== 'string' || typeof tenant !== 'object' || tenant === null) return false
  return ['id', 'slug'].every((member) => typeof Reflect.get(tenant, member) === 'string')
}
