import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createSignInKeeper } from '../../../src/app/sign-in-keeper.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'

const acme: Tenant = { id: '6f1f8c1e-0000-4000-8000-000000000001', slug: 'acme', name: 'Acme' }
const globex: Tenant = { id: '6f1f8c1e-0000-4000-8000-000000000002', slug: 'globex', name: 'Globex' }

describe('where a sign-in on stdio is kept', () => {
  let home = ''
  let tenants: readonly Tenant[] = []
  let down = false
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'authsec-keeper-'))
    tenants = [acme, globex]
    down = false
  })
  afterEach(() => rm(home, { recursive: true }))

  const keeper = (clientId = 'app', keyOf = (secret: string) => `key of ${secret}`) =>
    createSignInKeeper({
      ...{ home, clientId, keyOf },
      tenants: {
        findBySlug: async (slug) => {
          if (down) throw new UpstreamError('AUTH_UNAVAILABLE', 'no answer')
          return tenants.find((tenant) => tenant.slug === slug)
        },
      },
    })
  const reference = { tenant: acme, key: 'key of s3cret' }
  const keep = async () => {
    await keeper().keep(reference, 's3cret')
    const [name = ''] = await readdir(join(home, 'sign-ins'))
    return join(home, 'sign-ins', name)
  }

  it('it is found again, by its key', async () => {
    expect(await keeper().load()).toBeUndefined()
    const file = await keep()
    expect(await keeper().load()).toEqual(reference)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(dirname(file))).mode & 0o777).toBe(0o700)
    await keeper().keep({ tenant: globex, key: 'key of other' }, 'other')
    expect(await keeper().load()).toEqual({ tenant: globex, key: 'key of other' })
    expect(await readdir(dirname(file))).toHaveLength(1)
  })

  it('it is forgotten, twice too', async () => {
    await keep()
    await keeper().keep(undefined, undefined)
    await keeper().keep(undefined, undefined)
    expect(await keeper().load()).toBeUndefined()
  })

  it('it is not kept without its own id', async () => {
    await keep()
    await keeper().keep(reference, undefined)
    expect(await keeper().load()).toBeUndefined()
  })

  it.each(['another', '../app', 'app/../../x', ''])('it is apart from that of the application %j', async (clientId) => {
    await keep()
    expect(await keeper(clientId).load()).toBeUndefined()
    await keeper(clientId).keep({ tenant: globex, key: 'key of x' }, 'x')
    expect(await keeper().load()).toEqual(reference)
    expect(await readdir(home)).toEqual(['sign-ins'])
  })

  it('another master key makes another key of it', async () => {
    await keep()
    expect(await keeper('app', (secret) => `other ${secret}`).load()).toEqual({ tenant: acme, key: 'other s3cret' })
  })

  it('it closes a folder that was open before it is written there', async () => {
    await mkdir(join(home, 'sign-ins'), { mode: 0o777 })
    await chmod(join(home, 'sign-ins'), 0o777)
    await keep()
    expect((await stat(join(home, 'sign-ins'))).mode & 0o777).toBe(0o700)
    expect(await keeper().load()).toEqual(reference)
  })

  const kept = JSON.stringify({ secret: 's3cret', tenant: { id: acme.id, slug: acme.slug } })
  it.each<[string, (file: string) => unknown]>([
    ['can be read by others', (file) => chmod(file, 0o604)],
    ['can be written by others', (file) => chmod(file, 0o620)],
    ['stands where others can write', (file) => chmod(dirname(file), 0o770)],
    ['is a link', (file) => rename(file, join(home, 'x')).then(() => symlink(join(home, 'x'), file))],
    [
      'stands behind a link',
      async (file) => {
        await rename(dirname(file), join(home, 'x'))
        await symlink(join(home, 'x'), dirname(file))
        await chmod(join(home, 'x'), 0o777)
      },
    ],
    ['is a folder', (file) => rm(file).then(() => mkdir(file, { mode: 0o700 }))],
    ['is a FIFO', (file) => rm(file).then(() => execFileSync('sh', ['-c', 'mkfifo -m 600 "$1"', 'sh', file]))],
    ['is empty', (file) => writeFile(file, '')],
    ['is too long', (file) => writeFile(file, kept + ' '.repeat(4_096))],
    ['is no JSON', (file) => writeFile(file, kept.slice(1))],
    ['is null', (file) => writeFile(file, 'null')],
    ['is a list', (file) => writeFile(file, `[${kept}]`)],
    ['has no secret', (file) => writeFile(file, kept.replace('secret', 'secrets'))],
    ['has a number for a secret', (file) => writeFile(file, kept.replace('"s3cret"', '5'))],
    ['has no tenant', (file) => writeFile(file, kept.replace('tenant', 'tenants'))],
    ['has a name for a tenant', (file) => writeFile(file, '{"secret":"s3cret","tenant":"acme"}')],
    ['names a tenant by another id', (file) => writeFile(file, kept.replace(acme.id, globex.id))],
    ['names a tenant that is gone', () => (tenants = [globex])],
  ])('it is none in a file that %s', async (_name, spoil) => {
    const file = await keep()
    await spoil(file)
    expect(await keeper().load()).toBeUndefined()
  })

  it('it is none where its folder is a file, and keeping fails', async () => {
    await writeFile(join(home, 'sign-ins'), '')
    expect(await keeper().load()).toBeUndefined()
    await expect(keep()).rejects.toMatchObject({ code: expect.stringMatching(/^(ENOTDIR|EEXIST)$/) })
    expect(await readFile(join(home, 'sign-ins'), 'utf8')).toBe('')
  })

  it('an outage is not taken for none', async () => {
    await keep()
    down = true
    await expect(keeper().load()).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
  })
})
