import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'csv-parse/sync'
import { exportAudit } from '../../src/app/audit/read-audit.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { CliSite } from '../support/cli-site.js'
import { openHomePostgres, type HomePostgres } from '../support/home-postgres.js'
import { cleanEnvironment } from '../support/server-process.js'
import { openSyslogSink, type SyslogSink } from '../support/syslog-receiver.js'
import { until } from '../support/until.js'

const hostile = '\u001b[2J=1+1\n{"fake":1}\u202e'

let site: CliSite
let data: HomePostgres
let acme: Tenant
let sink: SyslogSink
beforeAll(async () => {
  sink = await openSyslogSink()
  site = await CliSite.start(undefined, { AUTHSEC_AUDIT_SYSLOG: `tcp://127.0.0.1:${sink.port}` })
  expect(await site.run('tenant', 'create', 'audited')).toMatchObject({ code: 0 })
  await until(() => sink.messages.some((message) => message.includes('tenant_added')), 20_000)
  await site.server.stop()
  data = await openHomePostgres(site.home.path)
  acme = (await data.postgres.tenants.findBySlug('audited')) ?? { id: '', slug: '', name: '' }
  await record({ requestId: 'q1', subject: 'ada', operation: 'a' })
  await record({ requestId: 'q2', subject: 'bob', type: 'operation.denied', reason: 'ERR_PERMISSION_DENIED' })
  await record({ requestId: 'q3', subject: hostile, operation: '=1+1' })
  await record({ requestId: 'm1', tenant: undefined, type: 'token.refused' })
}, 120_000)
afterAll(async () => {
  await data?.close()
  await site?.close()
  await sink?.close()
}, 60_000)

type Event = Parameters<HomePostgres['postgres']['audit']['record']>[0]

function record(event: Partial<Event> & Pick<Event, 'requestId'>): Promise<void> {
  return data.postgres.audit.record({ type: 'operation.allowed', tenant: acme, ...event })
}

async function lines(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const { code, stderr, stdout } = await site.run('audit', ...args)
  expect({ code, stderr: stderr.replace(/^\d+ rows?\n$/, '') }).toEqual({ code: 0, stderr: '' })
  return stdout === ''
    ? []
    : stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
}

const requestsIn = (found: readonly Record<string, unknown>[]) => found.map(({ requestId }) => requestId)

describe('authsec audit search', () => {
  it('shows the newest rows of every trail, each with its tenant, and nothing that steers a terminal', async () => {
    const { code, stdout } = await site.run('audit', 'search', '--type', 'operation.allowed', '--type', 'token.refused')
    expect(code).toBe(0)
    const [header, first, second, third, ...more] = stdout.trimEnd().split('\n')
    expect(header).toMatch(/^TIME +TENANT +EVENT +OPERATION +ACTOR +REASON +COUNT +REF$/)
    expect([first, second, third]).toEqual([
      expect.stringMatching(/^\d{4}-\S+Z  master +token\.refused .* m1$/),
      expect.stringMatching(/ audited +operation\.allowed +=1\+1 .* q3$/),
      expect.stringMatching(/ audited +operation\.allowed +a +ada .* q1$/),
    ])
    expect(more).toEqual([])
    expect(stdout).not.toMatch(/[\u001b\u202e]/)
  })

  it('finds by who, what, how it was decided, when and where', async () => {
    const found = async (...args: string[]) =>
      requestsIn(await lines('search', '--json', '--tenant', 'audited', ...args))
    expect(await found('--actor', 'ada')).toEqual(['q1'])
    expect(await found('--decision', 'denied', '--reason', 'ERR_PERMISSION_DENIED')).toEqual(['q2'])
    expect(await found('--operation', 'a', '--since', '1h')).toEqual(['q1'])
    expect(await found('--operation', 'a', '--until', '1h')).toEqual([])
    expect(await found('--ref', 'q3')).toEqual(['q3'])
    expect(await found('--type', 'operation.allowed', '--limit', '1')).toEqual(['q3'])
    expect(requestsIn(await lines('search', '--json', '--master', '--type', 'token.refused'))).toEqual(['m1'])
  })

  it.each([
    [['--tenant', 'nobody'], 5],
    [['--tenant', 'audited', '--master'], 2],
    [['--since', 'yesterday'], 2],
    [['--decision', 'perhaps'], 2],
    [['--type', 'operation.perhaps'], 2],
    [['--format', 'xml'], 2],
    [['--limit', '-1'], 2],
    [['--limit', '0'], 2],
    [['--since', '2026-02-30'], 2],
    [['--since', '1h', '--until', '2h'], 2],
    [['--since', '999999w'], 2],
    [['--tenant', ''], 2],
  ])('is refused with %j', async (args, code) => {
    expect(await site.run('audit', 'search', ...args)).toMatchObject({ code, stdout: '' })
  })

  it('says so where it finds nothing', async () => {
    const nothing = { code: 0, stdout: '', stderr: 'nothing on record\n' }
    expect(await site.run('audit', 'search', '--actor', 'nobody')).toEqual(nothing)
    expect(await site.run('audit', 'search', '--actor', 'nobody', '--json')).toEqual({ ...nothing, stderr: '' })
  })

  it('is itself on record, in the trail that was read: who, what was asked for, and how many rows', async () => {
    await lines('search', '--json', '--tenant', 'audited', '--actor', 'ada', '--limit', '7')
    const [ended, started] = await lines(
      'search',
      '--json',
      '--tenant',
      'audited',
      '--type',
      'audit.read',
      '--limit',
      '2',
    )
    expect(started).toMatchObject({
      ...{ subject: expect.stringMatching(/^cli:/), reason: 'started', personal: { actor: 'ada' } },
      detail: { how: 'search', limit: 7 },
    })
    expect(ended).toMatchObject({ reason: 'completed', detail: { rows: 1 }, requestId: started?.['requestId'] })
    expect(JSON.stringify(started?.['detail'])).not.toContain('ada')
  })
})

describe('authsec audit export', () => {
  const file = (name: string) => join(site.home.path, name)

  it('writes every row to a file of its owner, in the format of its name, and says how many', async () => {
    const all = await lines('export', '--type', 'operation.allowed', '--type', 'operation.denied')
    expect(requestsIn(all)).toEqual(['q1', 'q2', 'q3'])
    expect(all[2]).toMatchObject({ subject: hostile, tenant: 'audited' })
    const csv = ['export', '--type', 'operation.allowed', '--output', file('a.csv')]
    expect(await site.run('audit', ...csv)).toEqual({ code: 0, stdout: '', stderr: `2 rows in ${file('a.csv')}\n` })
    expect((await stat(file('a.csv'))).mode & 0o777).toBe(0o600)
    const [header, ...rows] = parse(await readFile(file('a.csv'), 'utf8')) as string[][]
    expect(rows.map((row) => row[header?.indexOf('operation') ?? -1])).toEqual(['a', `'=1+1`])
    const cef = await site.run('audit', 'export', '--format', 'cef', '--tenant', 'audited', '--decision', 'denied')
    expect(cef.stdout).toMatch(/^CEF:0\|AuthSec\|AuthSec\|\d\S*\|operation\.denied\|[^\n]* externalId=q2 [^\n]*\n$/)
  })

  it('replaces no file unless it is told to', async () => {
    await writeFile(file('b.jsonl'), 'kept')
    const args = ['export', '--master', '--output', file('b.jsonl')]
    expect(await site.run('audit', ...args)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('is there already: name another file, or say --force'),
    })
    expect(await readFile(file('b.jsonl'), 'utf8')).toBe('kept')
    expect(await site.run('audit', ...args, '--force')).toMatchObject({ code: 0 })
    expect(await readFile(file('b.jsonl'), 'utf8')).toContain('"requestId":"m1"')
  })

  it('replaces nothing but a plain file, whatever it is told', async () => {
    await symlink(file('b.jsonl'), file('link'))
    await mkdir(file('folder'))
    for (const place of [file('link'), file('folder'), '/dev/null']) {
      const finished = await site.run('audit', 'export', '--master', '--force', '--output', place)
      expect(finished).toMatchObject({ code: 5, stderr: expect.stringContaining('is no plain file') })
    }
    expect((await lstat(file('link'))).isSymbolicLink()).toBe(true)
    expect((await readdir('/dev')).filter((name) => name.startsWith('null'))).toEqual(['null'])
  })

  it('leaves no part of a file behind where a trail cannot be read', async () => {
    await data.tenantSql(acme, `alter table audit_event rename column operation to hidden`)
    try {
      const { code } = await site.run('audit', 'export', '--tenant', 'audited', '--output', file('c.jsonl'))
      expect(code).not.toBe(0)
    } finally {
      await data.tenantSql(acme, `alter table audit_event rename column hidden to operation`)
    }
    expect((await readdir(site.home.path)).filter((name) => name.startsWith('c.jsonl'))).toEqual([])
  })

  it('goes on with the other trails where one cannot be read, says which that is and why, and exits with 4', async () => {
    await data.tenantSql(acme, `alter table audit_event rename column operation to hidden`)
    try {
      const output = file('whole.jsonl')
      const said = await site.refused(4, 'audit', 'export', '--output', output)
      expect(said).toMatch(/could not be read of audited: .*database is not available/)
      expect((await readdir(site.home.path)).filter((name) => name.startsWith('whole.jsonl'))).toEqual([])
      for (const how of ['export', 'search']) {
        const { code, stderr, stdout } = await site.run('audit', how, '--json')
        expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringMatching(/could not be read of audited\b/) })
        expect(stdout).toContain('"m1"')
      }
    } finally {
      await data.tenantSql(acme, `alter table audit_event rename column hidden to operation`)
    }
  })

  it('fails with what is wrong, and not as if a database were down, where a filter cannot be asked for', async () => {
    const question = { choice: 'everywhere', filter: { actor: 'a\0b' }, signal: new AbortController().signal } as const
    const asked = exportAudit({ AUTHSEC_HOME: site.home.path }, question, () => Promise.resolve('more'))
    await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^22/) })
  })

  it('leaves no part of a file behind when it is killed, and nor does a checkpoint', async () => {
    for (const what of ['export', 'checkpoint']) {
      const output = file(`killed-${what}`)
      const held = await data.hold(acme, 'lock table audit_event')
      const child = spawn(
        process.execPath,
        ['dist/cli/main.js', 'audit', what, '--tenant', 'audited', '--output', output],
        {
          env: { ...cleanEnvironment(), AUTHSEC_HOME: site.home.path },
          stdio: 'ignore',
        },
      )
      const exit = once(child, 'exit')
      await until(() => existsSync(`${output}.part`), 20_000)
      // The first has an export wait for PostgreSQL; who says it twice waits for nothing.
      child.kill('SIGTERM')
      if (what === 'export') await until(() => !child.kill('SIGTERM'), 20_000)
      expect(await exit).toEqual([143, null])
      await held.release()
      expect(existsSync(`${output}.part`)).toBe(false)
    }
  })

  it('ends well where nobody reads on, however much there is', async () => {
    const operation = 'x'.repeat(1000)
    const many = Array.from({ length: 300 }, (_, index) => ({ requestId: `many-${index}`, operation }))
    await Promise.all(many.map((event) => record({ ...event, tenant: undefined, type: 'list.served' })))
    const args = ['dist/cli/main.js', 'audit', 'export', '--master', '--type', 'list.served']
    const child = spawn(process.execPath, args, {
      env: { ...cleanEnvironment(), AUTHSEC_HOME: site.home.path },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const exit = once(child, 'exit')
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    expect(await exit).toEqual([0, null])
    expect(stderr).toMatch(/^\d+ rows?\n$/)
  })

  it('is on record as cut off, with what was read until then, where it ends early', async () => {
    const ending = new AbortController()
    const question = {
      choice: { tenant: 'audited' },
      filter: { types: ['operation.allowed'] },
      signal: ending.signal,
    } as const
    const env = { AUTHSEC_HOME: site.home.path }
    const full = (): Promise<never> => Promise.reject(new Error('the disk is full'))
    await expect(exportAudit(env, question, full)).rejects.toThrow('the disk is full')
    const interrupted = exportAudit(env, question, () => {
      ending.abort(new Error('interrupted'))
      return Promise.resolve('more')
    })
    await expect(interrupted).rejects.toThrow('interrupted')
    const filters = ['--tenant', 'audited', '--type', 'audit.read', '--reason', 'cut_off']
    const cut = { detail: { rows: 1 } }
    expect(await lines('search', '--json', ...filters)).toMatchObject([cut, cut])
  })
})

describe('authsec audit tail', () => {
  it('prints nothing where nothing can be followed', async () => {
    expect(await site.refused(5, 'audit', 'tail', '--tenant', 'nobody')).toContain('authsec tenant list shows them')
  })

  it('ends where the time that is asked for is over', async () => {
    const { code, stdout } = await site.run('audit', 'tail', '--tenant', 'audited', '--until', '1h')
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^TIME [^\n]*\n$/) })
  })

  it('shows the last rows and every one that comes, of new tenants too, until it is interrupted', async () => {
    const child = spawn(process.execPath, ['dist/cli/main.js', 'audit', 'tail', '--json', '-n', '2'], {
      env: { ...cleanEnvironment(), AUTHSEC_HOME: site.home.path },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const seen = () =>
      stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    await until(() => seen().length >= 2, 20_000)
    const fresh = await data.postgres.provisioner.createTenant({ slug: 'fresh', name: 'Fresh' })
    await Promise.all([
      record({ requestId: 't1' }),
      record({ requestId: 't2', tenant: fresh }),
      record({ requestId: 't3', tenant: undefined }),
    ])
    const shown = () => requestsIn(seen()).filter((id) => /^t\d$/.test(String(id)))
    await until(() => shown().length >= 3, 20_000)
    const exit = once(child, 'exit')
    child.kill('SIGINT')
    expect(await exit).toEqual([130, null])
    expect(stderr).toBe('authsec: interrupted\n')
    expect(shown().toSorted()).toEqual(['t1', 't2', 't3'])
    const [ended] = await lines('search', '--json', '--tenant', 'fresh', '--type', 'audit.read', '--limit', '1')
    expect(ended).toMatchObject({ reason: 'completed', detail: { rows: expect.any(Number) } })
  })
})

describe('a server whose settings name a receiver', () => {
  it('sends what is on record while it runs', () => {
    const message = sink.messages.find((one) => one.includes('tenant_added'))
    expect(message).toMatch(/^<109>1 \S+ \S+ authsec \d+ admin\.changed \[authsec@32473 version="\d/)
  })

  it('is remembered with the receiver, until somebody has that forgotten', async () => {
    const destination = `syslog tcp://127.0.0.1:${sink.port}`
    const known = () => site.json<readonly Record<string, unknown>[]>('audit', 'receivers')
    expect(await known()).toContainEqual({
      ...{ tenant: null, destination, behind: expect.any(Number), sentAt: expect.stringMatching(/^20.*Z$/) },
    })
    expect((await site.done('audit', 'receivers')).stdout).toMatch(/^RECEIVER +TENANT +BEHIND +LAST SENT\nsyslog tcp:/)
    expect(await site.refused(5, 'audit', 'forget', destination)).toContain('say --yes')
    expect(await site.refused(2, 'audit', 'forget', '', '--yes')).toContain('It is empty')
    expect(await site.refused(5, 'audit', 'forget', 'syslog', '--yes')).toContain('authsec audit receivers shows')
    const elsewhere = ['audit', 'forget', destination, '--tenant', 'fresh', '--yes']
    expect(await site.refused(5, ...elsewhere)).toContain('authsec audit receivers shows')
    expect((await site.done('audit', 'forget', destination, '--yes')).stdout).toMatch(/is forgotten in \d trails?$/m)
    const nobody = { code: 0, stdout: '', stderr: 'sent to nobody\n' }
    expect(await site.run('audit', 'receivers')).toEqual(nobody)
  })
})
