import { describe, expect, it } from '@jest/globals'
import { forgetSecrets } from '../../../src/app/settings/environment.js'
import { readSettings } from '../../../src/app/settings/settings.js'

const read = (env: NodeJS.ProcessEnv) => readSettings(env, {}, undefined)

describe('where the audit trail is sent', () => {
  it('is nowhere unless somebody says so', () => {
    expect(read({}).auditStreams).toMatchObject({ syslog: undefined, otlp: undefined })
  })

  it.each([
    ['tls://logs.example', { transport: 'tls', host: 'logs.example', port: 6514 }],
    ['tls://logs.example:10514', { transport: 'tls', host: 'logs.example', port: 10514 }],
    ['tcp://127.0.0.1:601', { transport: 'tcp', host: '127.0.0.1', port: 601 }],
    ['udp://[::1]', { transport: 'udp', host: '::1', port: 514 }],
  ])('is a receiver of syslog: %s', (text, target) => {
    const { auditStreams, warnings } = read({ AUTHSEC_AUDIT_SYSLOG: text })
    expect(auditStreams.syslog).toEqual(target)
    expect(warnings).toEqual([])
  })

  it.each(['tcp://logs.example:601', 'udp://192.0.2.1'])('may be %s, with a warning', (text) => {
    expect(read({ AUTHSEC_AUDIT_SYSLOG: text }).warnings).toEqual([expect.stringContaining('use tls://')])
  })

  it('is a receiver of OpenTelemetry logs, with headers that nobody sees', () => {
    const headers = 'Authorization: Bearer of-it\nX-Scope-OrgID:  acme \n'
    const env = { AUTHSEC_AUDIT_OTLP: 'https://logs.example:4318/v1/logs', AUTHSEC_AUDIT_OTLP_HEADERS: headers }
    const { auditStreams } = read(env)
    expect(auditStreams.otlp?.url).toBe('https://logs.example:4318/v1/logs')
    expect([...(auditStreams.otlp?.headers ?? [])].map(([name, value]) => [name, value.reveal()])).toEqual([
      ['authorization', 'Bearer of-it'],
      ['x-scope-orgid', 'acme'],
    ])
    forgetSecrets(env)
    expect(env).not.toHaveProperty('AUTHSEC_AUDIT_OTLP_HEADERS')
  })

  it.each([
    { AUTHSEC_AUDIT_SYSLOG: 'logs.example:6514' },
    { AUTHSEC_AUDIT_SYSLOG: 'https://logs.example' },
    { AUTHSEC_AUDIT_SYSLOG: 'tls://logs.example/path' },
    { AUTHSEC_AUDIT_SYSLOG: 'tls://me@logs.example' },
    { AUTHSEC_AUDIT_SYSLOG: 'tls://:6514' },
    { AUTHSEC_AUDIT_SYSLOG: 'tcp://logs.example' },
    { AUTHSEC_AUDIT_OTLP: 'http://logs.example:4318/v1/logs' },
    { AUTHSEC_AUDIT_OTLP: 'https://logs.example:4318' },
    { AUTHSEC_AUDIT_OTLP: 'https://me:key@logs.example/v1/logs' },
    { AUTHSEC_AUDIT_OTLP: 'https://logs.example/v1/logs?key=1' },
    { AUTHSEC_AUDIT_OTLP_HEADERS: 'a: b' },
    ...['a', 'a b: c', 'host: x', 'a: b\nA: c', 'a: \u00fc', 'a:'].map((headers) => ({
      AUTHSEC_AUDIT_OTLP: 'https://logs.example/v1/logs',
      AUTHSEC_AUDIT_OTLP_HEADERS: headers,
    })),
    { AUTHSEC_AUDIT_SYSLOG: 'tls://logs.example', AUTHSEC_AUDIT_CA: '/etc/ca.pem' },
    { AUTHSEC_AUDIT_CA: '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----' },
  ])('is refused as %j', (env) => {
    expect(() => read(env)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_ENVIRONMENT' }))
  })

  it('repeats no header that is wrong', () => {
    const env = { AUTHSEC_AUDIT_OTLP: 'https://logs.example/v1/logs', AUTHSEC_AUDIT_OTLP_HEADERS: 'Bearer of-it' }
    expect(() => read(env)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('of-it') }))
  })
})
