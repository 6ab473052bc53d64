import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { AuditVerdict } from '../../src/app/audit/verify-audit.js'
import { CliSite } from '../support/cli-site.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { openHomePostgres, type HomePostgres } from '../support/home-postgres.js'

let site: CliSite
beforeAll(async () => {
  site = await CliSite.start()
  await site.done('token', '--user', 'eve@globex.test')
}, 60_000)
afterAll(() => site?.close())

/** What verification prints, whatever it finds. */
async function verdict(
  ...flags: readonly string[]
): Promise<{ readonly code: number | null; readonly found: AuditVerdict }> {
  const { code, stdout } = await site.run('audit', 'verify', '--json', ...flags)
  return { code, found: JSON.parse(stdout) }
}

async function tenantCalled(name: string, { postgres }: HomePostgres): Promise<Tenant> {
  const found = (await postgres.tenants.list()).find(({ slug }) => slug === name)
  if (found === undefined) throw new Error('no tenant')
  return found
}

describe('authsec audit', () => {
  it('verifies every trail of a running server, or one', async () => {
    const all = await site.done('audit', 'verify', '--progress')
    expect(all.stdout).toMatch(/^✓ master: \d+ rows? in \d+ chains?, /m)
    expect(all.stdout).toMatch(/^✓ globex: /m)
    expect((await site.done('audit', 'verify', '--tenant', 'globex')).stdout).toMatch(/^✓ globex: [^\n]*\n/)
    expect((await site.done('audit', 'verify', '--master')).stdout).not.toContain('globex')
    expect((await verdict('--master')).found.reports).toMatchObject([{ tenant: null }])
    expect(await site.refused(5, 'audit', 'verify', '--tenant', 'nobody')).toContain('no tenant nobody')
    expect(await site.refused(2, 'audit', 'verify', '--tenant', 'globex', '--master')).toContain('cannot be used')
  })

  it('makes checkpoints that are compared, and whose signatures are checked by their key alone', async () => {
    const file = join(site.home.path, 'checkpoints.jsonl')
    await site.done('audit', 'checkpoint', '--output', file)
    const key = (await site.done('audit', 'checkpoint', '--public-key')).stdout.trim()
    const { code, found } = await verdict('--checkpoint', file, '--checkpoint', file)
    expect({ code, faults: found.faults }).toEqual({ code: 0, faults: [] })
    // Each was kept by its database, too.
    const kept = await verdict()
    expect(found.reports.map(({ checkpoints }) => checkpoints)).toEqual(
      kept.found.reports.map(({ checkpoints }) => checkpoints),
    )
    writeFileSync(`${file}.bom`, `\uFEFF${readFileSync(file, 'utf8')}`)
    expect(await verdict('--checkpoint', `${file}.bom`)).toMatchObject({ code: 0 })
    const signed = await site.done('audit', 'verify', '--checkpoint', file, '--public-key', key)
    expect(signed.stdout).toMatch(/^✓ globex, 20/m)
    const [before, { mode }] = [readFileSync(file, 'utf8'), statSync(file)]
    expect(mode & 0o777).toBe(0o600)
    expect(await site.refused(5, 'audit', 'checkpoint', '--output', file)).toContain('say --force')
    expect(readFileSync(file, 'utf8')).toBe(before)
    await site.done('audit', 'checkpoint', '--output', file, '--force')
    expect(readFileSync(file, 'utf8')).not.toBe(before)
    const forged = join(site.home.path, 'forged.jsonl')
    writeFileSync(forged, readFileSync(file, 'utf8').replaceAll(/"rows":\d+/g, '"rows":99'))
    const failed = await site.run('audit', 'verify', '--checkpoint', forged, '--public-key', key)
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringMatching(/^✗ globex/m) })
    const other = Buffer.alloc(32, 7).toString('base64url')
    expect(await site.run('audit', 'verify', '--checkpoint', file, '--public-key', other)).toMatchObject({ code: 1 })
    for (const malformed of ['', 'x', `${key}=`, key.slice(1)]) {
      const said = await site.refused(2, 'audit', 'verify', '--checkpoint', file, '--public-key', malformed)
      expect(said).toContain('43 characters of base64url')
    }
    expect(await verdict('--checkpoint', forged)).toMatchObject({ code: 1 })
    expect(await site.refused(5, 'audit', 'verify', '--checkpoint', join(site.home.path, 'none'))).toContain('ENOENT')
    expect(await site.refused(2, 'audit', 'verify', '--public-key', key)).toContain('--checkpoint')
    const alone = ['audit', 'verify', '--public-key', key, '--checkpoint', file]
    for (const trail of [['--tenant', 'globex'], ['--master']]) {
      expect(await site.refused(2, ...alone, ...trail)).toContain('cannot be used')
    }
    expect(await site.refused(2, 'audit', 'checkpoint', '--output', '')).toContain('It is empty')
  })

  it('erases a person with consent, after which the trail holds', async () => {
    const who = ['audit', 'erase', '--tenant', 'globex', '--account', 'eve@globex.test']
    expect(await site.refused(5, ...who)).toContain('say --yes')
    const erased = await site.json<{ readonly reference: string; readonly rows: number }>(...who, '--yes')
    expect(erased.rows).toBeGreaterThan(0)
    const { code, found } = await verdict('--tenant', 'globex')
    const { reference, rows } = erased
    expect({ code, erasures: found.reports[0]?.erasures }).toEqual({ code: 0, erasures: [{ reference, rows }] })
    expect(await site.refused(2, 'audit', 'erase', '--tenant', 'globex')).toContain('--account')
    const again = await site.run(...who, '--yes')
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^erased from \d+ rows? of globex and /) })
  })

  it('refuses to erase somebody of whom nothing is on record, and puts nothing on record', async () => {
    const before = await verdict('--tenant', 'globex')
    for (const whom of [
      ['--account', ''],
      ['--subject', ''],
      ['--subject', 'nobody', '--issuer', 'not-a-url'],
    ]) {
      await site.refused(2, 'audit', 'erase', '--tenant', 'globex', ...whom, '--yes')
    }
    await site.refused(2, 'audit', 'erase', '--tenant', '', '--subject', 'nobody', '--yes')
    for (const whom of [
      ['--account', 'nobody@globex.test'],
      ['--subject', 'nobody'],
    ]) {
      const said = await site.refused(5, 'audit', 'erase', '--tenant', 'globex', ...whom, '--yes')
      expect(said).toContain('nothing is on record of')
    }
    const { found } = await verdict('--tenant', 'globex')
    expect(found.reports[0]?.erasures).toEqual(before.found.reports[0]?.erasures)
  })

  it('says where else it is on record that an administrator looked for somebody who was erased', async () => {
    await site.done('audit', 'search', '--actor', 'sub-77')
    const who = ['audit', 'erase', '--subject', 'sub-77', '--yes', '--tenant']
    expect((await site.done(...who, 'globex')).stdout).toMatch(
      /still on record in: acme-corp; by a name .*erase it there/,
    )
    expect((await site.done(...who, 'acme-corp')).stdout).not.toContain('still on record')
    expect(await site.refused(5, ...who, 'acme-corp')).toContain('nothing is on record of')
  })

  it('takes an address out of what administrators looked for in other trails, and nothing else there', async () => {
    const address = 'ida@globex.test'
    await site.done('audit', 'search', '--actor', address)
    await site.done('audit', 'search', '--tenant', 'acme-corp', '--actor', `not-${address}`)
    const who = ['audit', 'erase', '--account', address, '--yes', '--tenant', 'globex']
    const erased = await site.json<{ readonly reference: string }>(...who)
    expect(erased).toMatchObject({ rows: 1, rowsElsewhere: 1, searchedIn: [] })
    const { reference } = erased
    const { code, found } = await verdict('--tenant', 'acme-corp')
    expect(code).toBe(0)
    expect(found.reports[0]?.erasures).toContainEqual({ reference, rows: 1 })
    const kept = await site.done('audit', 'search', '--tenant', 'acme-corp', '--type', 'audit.read', '--json')
    expect(kept.stdout).toContain(`"not-${address}"`)
    expect(kept.stdout).not.toContain(`"${address}"`)
  })

  it('removes only what is at least a week old, with consent', async () => {
    expect(await site.refused(5, 'audit', 'prune', '--older-than', '7d')).toContain('say --yes')
    expect(await site.refused(2, 'audit', 'prune', '--older-than', '6d', '--yes')).toContain('from 7d')
    expect((await site.done('audit', 'prune', '--older-than', '7d', '--yes')).stdout).toBe('nothing is that old\n')
  })

  it('names the tenant whose database does not answer, and goes on with the others', async () => {
    const data = await openHomePostgres(site.home.path)
    const [row] = await data.sql(`select database_name as name from tenant where slug = 'acme-corp'`)
    const gone = `alter database "${String(row?.['name'])}" with allow_connections`
    await data.sql(`${gone} false`)
    try {
      const made = await site.run('audit', 'checkpoint')
      expect(made).toMatchObject({ code: 4, stderr: expect.stringContaining('no checkpoint of: acme-corp: ') })
      expect(
        made.stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line).tenant),
      ).toEqual([null, 'globex'])
      await site.done('audit', 'search', '--actor', 'sub-78', '--tenant', 'globex')
      const erased = await site.run('audit', 'erase', '--tenant', 'globex', '--subject', 'sub-78', '--yes')
      expect(erased).toMatchObject({ code: 4, stdout: expect.stringMatching(/^erased from 1 row of globex/) })
      expect(erased.stderr).toContain('person in: acme-corp: ')
      const file = join(site.home.path, 'one.jsonl')
      const alone = ['audit', 'checkpoint', '--tenant', 'acme-corp', '--output', file]
      expect(await site.refused(4, ...alone)).toContain('acme-corp: ')
      expect(existsSync(file)).toBe(false)
      const pruned = await site.run('audit', 'prune', '--older-than', '7d', '--yes', '--json')
      expect(pruned).toMatchObject({ code: 4, stderr: expect.stringContaining('did not come to its end: acme-corp: ') })
      expect(JSON.parse(pruned.stdout)).toMatchObject([{}, { tenant: 'globex' }])
      const searched = await site.run('audit', 'search')
      expect(searched).toMatchObject({ code: 4, stdout: expect.stringContaining(' globex ') })
      expect(searched.stderr).toContain('acme-corp')
      expect(await site.run('audit', 'tail')).toMatchObject({ code: 4, stderr: expect.stringMatching(/acme-corp: /) })
    } finally {
      await data.sql(`${gone} true`)
      await data.close()
    }
  })

  it('calls a trail of which a table or a column is gone unreadable, not a database that is down', async () => {
    const data = await openHomePostgres(site.home.path)
    const globex = await tenantCalled('globex', data)
    try {
      for (const [table, was, is] of [
        ['audit_event', 'audit_event', 'zzzz'],
        ['audit_chain', 'audit_chain', 'zzzz'],
        ['audit_outbox', 'audit_outbox', 'zzzz'],
        ['audit_checkpoint', 'audit_checkpoint', 'zzzz'],
        ['audit_event', 'column reason', 'zzzz'],
      ] as const) {
        const isColumn = was !== table
        await data.tenantSql(globex, `alter table ${table} rename ${isColumn ? was : ''} to ${is}`)
        const { code, found } = await verdict('--tenant', 'globex')
        const [now, before] = isColumn ? [table, `column ${is} to reason`] : [is, `to ${table}`]
        await data.tenantSql(globex, `alter table ${now} rename ${before}`)
        expect({ was, code, found }).toMatchObject({ was, code: 1, found: { unreached: [] } })
        const faults = found.reports.flatMap((report) => report.faults)
        expect(faults).toMatchObject([
          { kind: 'unreadable', what: expect.stringMatching(/cannot be read: .*\(42\w{3}\)$/) },
        ])
      }
      expect(await verdict('--tenant', 'globex')).toMatchObject({ code: 0 })
    } finally {
      await data.close()
    }
  })

  it('exits with 1 for a trail that was changed, and says where', async () => {
    const data = await openHomePostgres(site.home.path)
    try {
      const globex = await tenantCalled('globex', data)
      await data.tenantSql(
        globex,
        `begin; set local authsec.audit_maintenance = 'on'; update audit_event set count = 2, at = at - interval '30 days' where sequence = 1; commit`,
      )
      const { code, stderr, stdout } = await site.run('audit', 'verify', '--tenant', 'globex')
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('not as it was written') })
      expect(stdout).toMatch(
        /^✗ globex: .*\n {2}✗ (?:server|changes)-[^ ]+, row 1, 20[^ ]+Z: the row is not as it was written/,
      )
      const event = { type: 'operation.denied', requestId: 'changed', subject: 'sub-79' } as const
      await data.postgres.audit.record({ ...event, tenant: globex })
      await data.postgres.audit.record({ ...event, tenant: globex, requestId: 'unchanged' })
      await data.tenantSql(
        globex,
        `begin; set local authsec.audit_maintenance = 'on'; update audit_event set count = 2 where request_id = 'changed'; commit`,
      )
      const erased = await site.run('audit', 'erase', '--tenant', 'globex', '--subject', 'sub-79', '--yes')
      expect(erased).toMatchObject({ code: 1, stdout: expect.stringMatching(/^erased from 1 row of globex/) })
      expect(erased.stdout).toContain('\n1 row of this person stays, which is not as it was written: verify')
      const prune = ['audit', 'prune', '--older-than', '7d', '--yes'] as const
      const pruned = await site.run(...prune)
      expect(pruned).toMatchObject({ code: 1, stderr: expect.stringMatching(/stay, verify the trail of: globex$/m) })
      expect(pruned.stdout).toMatch(/^rows of server-\S+ in globex stay, verify the trail: the row 1 is not/m)
      const [row] = await data.sql(`select database_name as name from tenant where slug = 'acme-corp'`)
      const gone = `alter database "${String(row?.['name'])}" with allow_connections`
      await data.sql(`${gone} false`)
      const both = await site.run(...prune, '--json')
      await data.sql(`${gone} true`)
      expect(both).toMatchObject({ code: 1, stderr: expect.stringContaining('did not come to its end: acme-corp: ') })
      await site.done(...prune, '--tenant', 'acme-corp')
    } finally {
      await data.close()
    }
  })
})
