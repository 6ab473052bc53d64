import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createSyslogReceiver } from '../../../src/adapter/audit-stream/create-syslog-receiver.js'
import type { Postgres } from '../../../src/adapter/postgres/open-postgres.js'
import { AuditStream } from '../../../src/core/audit/stream/audit-stream.js'
import { StreamLease } from '../../../src/core/audit/stream/stream-lease.js'
import type { UnsentAudit } from '../../../src/core/audit/stream/unsent-audit.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { openAuditStreams } from '../../../src/app/audit/open-audit-streams.js'
import { ClosingStack } from '../../../src/app/closing-stack.js'
import { readSettings } from '../../../src/app/settings/settings.js'
import { CertificateAuthority } from '../../support/certificates.js'
import { openCollector } from '../../support/otlp-collector.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { openSyslogSink, type SyslogSink } from '../../support/syslog-receiver.js'
import { until } from '../../support/until.js'

const origin = { version: '1.2.3', host: 'web-1', process: '4711' }
const times = { busy: 5, idle: 5, retry: 5, longest: 20, delivery: 5_000 }
const authority = new CertificateAuthority()
const certificate = authority.issue({ names: ['localhost'] })

let test: TestPostgres
let acme: Tenant
let sink: SyslogSink
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  sink = await openSyslogSink(certificate)
})
const streams: AuditStream[] = []
afterEach(async () => {
  await Promise.all(streams.splice(0).map((stream) => stream.close()))
})
afterAll(async () => {
  await sink?.close()
  await test?.close()
})

/** As a server that was just started sends it. */
function start(postgres: Postgres = test.postgres, unsent: UnsentAudit = postgres.unsentAudit): AuditStream {
  const target = { transport: 'tls', host: 'localhost', port: sink.port } as const
  const receiver = createSyslogReceiver({ target, ca: [authority.pem], origin })
  const stream = new AuditStream({
    ...{ receiver, unsent, times },
    tenants: () => postgres.directory.signIns.tenants(),
    lease: new StreamLease(postgres.rateLimiter, receiver.destination),
    log: { write: () => undefined },
  })
  stream.start()
  streams.push(stream)
  return stream
}

async function record(tenant: Tenant | undefined, ...requestIds: readonly string[]): Promise<void> {
  const type = 'token.refused'
  await Promise.all(requestIds.map((requestId) => test.postgres.audit.record({ type, tenant, requestId })))
}

const numbered = (name: string, many: number) => Array.from({ length: many }, (_, index) => `${name}${index}`)

/** The references of all messages of a name, as they came. */
function received(name: string): readonly string[] {
  const requests = sink.messages.map((message) => / request="([^"]+)"/.exec(message)?.[1] ?? '')
  return requests.filter((id) => id.replace(/\d+$/, '') === name)
}

const all = (name: string, many: number) => until(() => new Set(received(name)).size === many, 10_000)

describe('the trail of every database', () => {
  it('goes to a receiver over TLS, that of new tenants too, while it grows', async () => {
    await record(acme, ...numbered('old', 450))
    start()
    await all('old', 450)
    expect(received('old')).toHaveLength(450)
    await record(undefined, 'master0')
    const fresh = await test.postgres.provisioner.createTenant({ slug: 'fresh', name: 'Fresh' })
    await record(fresh, 'fresh0')
    await Promise.all([all('master', 1), all('fresh', 1)])
    expect(sink.messages.find((message) => message.includes('"fresh0"'))).toContain(' tenant="fresh"')
  })

  it('goes on where it was, when a server starts again', async () => {
    await record(acme, 'again0')
    start()
    await all('again', 1)
    await streams.pop()?.close()
    await record(acme, 'again1')
    start(await test.reopen())
    await all('again', 2)
    expect(received('again')).toEqual(['again0', 'again1'])
  })

  it('has no gap where the receiver is cut off in the middle, and where nobody is there', async () => {
    sink.cutAfter(20_000)
    start()
    await record(acme, ...numbered('cut', 300))
    await until(() => sink.connections > 3)
    sink.cutAfter(undefined)
    await all('cut', 300)
    const { port } = sink
    await sink.close()
    await record(acme, ...numbered('down', 20))
    sink = await openSyslogSink(certificate, port)
    await all('down', 20)
  })

  it('has no gap where the process ends after it has sent and before that is noted: it is sent twice', async () => {
    await record(acme, ...numbered('twice', 3))
    const { unsentAudit } = test.postgres
    let isCut = false
    const killed = start(test.postgres, {
      read: (...asked) => unsentAudit.read(...asked),
      note: () => {
        isCut = true
        return Promise.reject(new Error('the process has ended'))
      },
    })
    await until(() => isCut && received('twice').length >= 3)
    await killed.close()
    start(await test.reopen())
    await until(() => received('twice').length >= 6)
    expect(new Set(received('twice')).size).toBe(3)
  })

  it('is sent by one of several servers, and by another once that one has stopped', async () => {
    const first = start()
    await record(acme, 'turn0')
    await all('turn', 1)
    const second = start(await test.reopen())
    await record(acme, 'turn1')
    await all('turn', 2)
    await first.close()
    await record(acme, 'turn2')
    await all('turn', 3)
    expect(received('turn')).toEqual(['turn0', 'turn1', 'turn2'])
    await second.close()
  })
})

describe('a server', () => {
  it('sends its trail to every receiver that its settings name, each in its own time, and the same again to none', async () => {
    await record(acme, 'named0')
    const plain = await openSyslogSink()
    const collector = await openCollector(() =>
      collector.requests.length > 1 ? { status: 200 } : { status: 503, headers: { 'retry-after': '1' } },
    )
    const env = { AUTHSEC_AUDIT_SYSLOG: `tcp://127.0.0.1:${plain.port}`, AUTHSEC_AUDIT_OTLP: collector.url }
    const options = { settings: readSettings(env, {}, undefined), log: { write: () => undefined } }
    const run = async (postgres: Postgres, seen: () => boolean) => {
      const stack = new ClosingStack()
      openAuditStreams(options, { data: { postgres }, stack })
      await until(seen, 10_000)
      await stack.close()
    }
    const uids = () =>
      collector.requests
        .slice(1)
        .flatMap(({ logs }) => logs.map(({ attributes }) => attributes.find(({ key }) => key === 'log.record.uid')))
        .map((attribute) => attribute?.value.stringValue)
    const inSyslog = () => plain.messages.filter((message) => message.includes('"named')).length
    const inCollector = () => collector.requests.slice(1).filter(({ body }) => body.includes('"named')).length
    await run(test.postgres, () => inSyslog() === 1 && inCollector() === 1)
    await record(acme, 'named1')
    await run(await test.reopen(), () => inSyslog() === 2 && inCollector() === 2)
    expect(new Set(uids()).size).toBe(uids().length)
    await Promise.all([plain.close(), collector.close()])
  })
})
