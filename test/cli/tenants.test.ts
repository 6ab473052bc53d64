import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CliSite } from '../support/cli-site.js'
import { openHomePostgres } from '../support/home-postgres.js'

let site: CliSite
beforeAll(async () => {
  site = await CliSite.start()
}, 60_000)
afterAll(() => site?.close())

function authsec(...args: readonly string[]) {
  return site.run(...args)
}

async function statusFor(token: string): Promise<number> {
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
  }
  const headers = {
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
  }
  return (await fetch(site.server.url, { method: 'POST', headers, body: JSON.stringify(body) })).status
}

describe('authsec tenant', () => {
  it('creates a tenant that it then lists, and no second one of that name', async () => {
    const created = await authsec('tenant', 'create', 'initech', '--name', 'Initech')
    expect(created).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^created initech: database tenant_initech/),
    })
    const { stdout } = await authsec('tenant', 'list', '--json')
    expect(JSON.parse(stdout)).toEqual(
      expect.arrayContaining([expect.objectContaining({ slug: 'initech', name: 'Initech', state: 'active' })]),
    )
    const again = await authsec('tenant', 'create', 'initech')
    expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining('there is a tenant initech already') })
    const odd = await authsec('tenant', 'create', 'Not A Slug')
    expect(odd).toMatchObject({ code: 5, stderr: expect.stringContaining('1 to 41 characters') })
  })

  it('shuts a tenant out of a running server at once, and lets it in again', async () => {
    const { stdout } = await authsec('token', '--user', 'eve@globex.test')
    const token = stdout.trim()
    expect(await statusFor(token)).toBe(200)
    expect(await authsec('tenant', 'suspend', 'globex')).toMatchObject({ code: 0, stdout: 'globex is suspended\n' })
    expect(await statusFor(token)).toBe(403)
    expect(await authsec('tenant', 'suspend', 'globex')).toMatchObject({ stdout: 'globex was suspended already\n' })
    expect(await authsec('tenant', 'resume', 'globex')).toMatchObject({ code: 0 })
    expect(await statusFor(token)).toBe(200)
    expect(await authsec('tenant', 'suspend', 'nobody')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('no tenant nobody'),
    })
  })

  it('says which tokens of other issuers are a tenant’s', async () => {
    const claim = ['--issuer', 'https://idp.example', '--value', 'T1']
    expect(await authsec('tenant', 'claim', 'add', 'initech', ...claim)).toMatchObject({ code: 0 })
    expect(await authsec('tenant', 'claim', 'add', 'globex', ...claim)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('means the tenant initech'),
    })
    expect((await authsec('tenant', 'list')).stdout).toContain('https://idp.example=T1')
    expect(await authsec('tenant', 'claim', 'remove', 'initech', ...claim)).toMatchObject({ code: 0 })
    expect(await authsec('tenant', 'claim', 'add', 'initech', '--issuer', 'ftp://x', '--value', 'T1')).toMatchObject({
      code: 5,
    })
  })

  it('deletes nothing without the name said again', async () => {
    expect(await authsec('tenant', 'delete', 'initech')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('--confirm initech'),
    })
    expect(await authsec('tenant', 'delete', 'initech', '--confirm', 'globex')).toMatchObject({ code: 5 })
    expect((await authsec('tenant', 'list')).stdout).toMatch(/^initech +Initech +active/m)
  })

  it('exports a tenant before it deletes it, and makes it again from that', async () => {
    const file = join(site.home.path, 'globex.jsonl')
    const before = await authsec('account', 'list', '--tenant', 'globex', '--json')
    const deleted = await authsec('tenant', 'delete', 'globex', '--confirm', 'globex', '--export', file)
    expect(deleted).toMatchObject({ code: 0, stdout: `deleted globex; its export is ${file}\n` })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await authsec('account', 'list', '--tenant', 'globex')).toMatchObject({ code: 5 })
    expect(await authsec('tenant', 'create', 'globex', '--from', file)).toMatchObject({ code: 0 })
    expect((await authsec('account', 'list', '--tenant', 'globex', '--json')).stdout).toBe(before.stdout)
  })

  it('keeps the tenant where the export cannot be written, and writes over no file', async () => {
    const taken = join(site.home.path, 'taken.jsonl')
    writeFileSync(taken, 'mine')
    expect(await authsec('tenant', 'delete', 'initech', '--confirm', 'initech', '--export', taken)).toMatchObject({
      code: 5,
    })
    expect(readFileSync(taken, 'utf8')).toBe('mine')
    expect(
      await authsec('tenant', 'export', 'initech', '--out', join(site.home.path, 'no', 'such', 'folder')),
    ).toMatchObject({ code: 5 })
    expect((await authsec('tenant', 'list')).stdout).toMatch(/^initech +Initech +active/m)
    expect(await authsec('tenant', 'delete', 'initech', '--confirm', 'initech', '--no-export')).toMatchObject({
      code: 0,
      stdout: 'deleted initech\n',
    })
    expect((await authsec('tenant', 'list')).stdout).not.toMatch(/^initech/m)
  })

  it('completes a deletion that was cut off, also where the database is gone and there is nothing to export', async () => {
    await site.done('tenant', 'create', 'cut')
    const data = await openHomePostgres(site.home.path)
    await data.sql(`update tenant set deleting_at = now(), suspended_at = now() where slug = 'cut'`)
    const file = join(site.home.path, 'cut.jsonl')
    const complete = () => authsec('tenant', 'delete', 'cut', '--confirm', 'cut', '--export', file)
    const [{ database_name: name } = {}] = await data.sql(`select database_name from tenant where slug = 'cut'`)
    await data.sql(`drop database ${String(name)} with (force)`)
    await data.close()
    const said = 'deleted cut; nothing was exported, since its database was gone already\n'
    expect(await complete()).toMatchObject({ code: 0, stdout: said })
    expect((await authsec('tenant', 'list')).stdout).not.toMatch(/^cut/m)
    expect(existsSync(file)).toBe(false)
  })

  it('refuses an export that is none, and makes no tenant of it', async () => {
    const file = join(site.home.path, 'other.jsonl')
    writeFileSync(file, '{"format":"something"}\n')
    expect(await authsec('tenant', 'create', 'copy', '--from', file)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('line 1'),
    })
    expect(await authsec('tenant', 'create', 'copy', '--from', join(site.home.path, 'absent'))).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('ENOENT'),
    })
    expect((await authsec('tenant', 'list')).stdout).not.toMatch(/^copy/m)
  })
})

describe('authsec migrate', () => {
  it('finds everything up to date, and does nothing then', async () => {
    const status = await authsec('migrate', '--status', '--json')
    expect(status.code).toBe(0)
    const found = JSON.parse(status.stdout) as { state: string; tenant?: string }[]
    expect(found.every(({ state }) => state === 'current')).toBe(true)
    expect(found.map(({ tenant }) => tenant)).toEqual([undefined, 'acme-corp', 'globex'])
    expect(await authsec('migrate')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/globex +tenant_globex\S* +current/),
    })
  })

  it('refuses a tenant that is not there', async () => {
    expect(await authsec('migrate', '--tenant', 'nobody')).toMatchObject({ code: 5 })
    expect(await authsec('migrate', '--status', '--tenant', 'nobody')).toMatchObject({ code: 5 })
  })
})

describe('authsec keys', () => {
  it('rotates the keys under a running server, which goes on', async () => {
    const token = (await authsec('token', '--user', 'john@company.com')).stdout.trim()
    expect(await authsec('keys', 'rotate', '--no-wait')).toMatchObject({ code: 0 })
    const { stdout } = await authsec('keys', 'list', '--json')
    expect((JSON.parse(stdout) as { state: string }[]).map(({ state }) => state)).toEqual([
      'signing',
      'awaited',
      'current',
      'current',
    ])
    expect(await authsec('keys', 'rotate', '--no-wait')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('a moment ago'),
    })
    expect(await authsec('keys', 'reseal')).toMatchObject({ code: 0 })
    expect(await statusFor(token)).toBe(200)
    const added = (await site.audit.all()).filter(({ reason }) => reason === 'data_key_added')
    const [key] = added
    expect(added).toMatchObject([
      { database: 'authsec', subject: expect.stringMatching(/^cli:/), detail: { before: expect.any(Array) } },
    ])
    expect(key?.detail?.['after']).toEqual([...(key?.detail?.['before'] as string[]), key?.detail?.['name']])
    const resealed = (await site.audit.all()).filter(({ reason }) => reason === 'sealed_rows_changed')
    expect(resealed).toMatchObject([{ detail: { after: [expect.stringMatching(/^\d+ sealed anew$/)] } }])
  })

  it('announces a signing key, which signs later and is one at a time', async () => {
    const token = (await authsec('token', '--user', 'john@company.com')).stdout.trim()
    const rotated = await authsec('keys', 'rotate', '--signing')
    expect(rotated).toMatchObject({ code: 0, stdout: expect.stringContaining('signs in 15 minutes') })
    const [kid = ''] = rotated.stdout.split(' ')
    const announced = (await site.audit.all()).filter(({ reason }) => reason === 'signing_key_added')
    expect(announced).toMatchObject([{ subject: expect.stringMatching(/^cli:/), detail: { name: kid } }])
    const { stdout } = await authsec('keys', 'list')
    expect(stdout).toMatch(new RegExp(`${kid} +sign +announced .*\\n.* sign +signing `))
    expect(await authsec('keys', 'rotate', '--signing')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('is announced'),
    })
    expect(await statusFor(token)).toBe(200)
  })
})
