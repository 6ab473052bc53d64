import { describe, expect, it } from '@jest/globals'
import { parseDatabaseUrl } from '../../../src/adapter/postgres/parse-database-url.js'

const secret = 's3cr3t'

describe('parseDatabaseUrl', () => {
  it('reads host, port, user, password and database', () => {
    expect(parseDatabaseUrl('postgres://ann:p%40ss%2Fw@db.example:6432/authsec_prod?sslmode=verify-full')).toEqual({
      connection: { host: 'db.example', port: 6432, user: 'ann', password: 'p@ss/w', ssl: true },
      masterDatabase: 'authsec_prod',
    })
  })

  it('takes port 5432 and the database authsec where the URL names none', () => {
    const { connection, masterDatabase } = parseDatabaseUrl('postgresql://ann:pw@localhost')
    expect([connection.port, masterDatabase]).toEqual([5432, 'authsec'])
  })

  it('reads a Unix socket folder and an IPv6 address as hosts', () => {
    expect(parseDatabaseUrl('postgres://ann:pw@%2Fvar%2Frun%2Fpg/x').connection).toMatchObject({
      host: '/var/run/pg',
      ssl: false,
    })
    expect(parseDatabaseUrl('postgres://ann:pw@[::1]/x').connection).toMatchObject({ host: '::1', ssl: false })
  })

  it('speaks TLS to every host but loopback unless sslmode=disable says otherwise', () => {
    expect(parseDatabaseUrl('postgres://ann:pw@db.example/x').connection.ssl).toBe(true)
    expect(parseDatabaseUrl('postgres://ann:pw@127.0.0.1/x').connection.ssl).toBe(false)
    expect(parseDatabaseUrl('postgres://ann:pw@db.example/x?sslmode=disable').connection.ssl).toBe(false)
    expect(parseDatabaseUrl('postgres://ann:pw@127.0.0.1/x?sslmode=require').connection.ssl).toBe(true)
  })

  it.each([
    ['another protocol', `mysql://ann:${secret}@db/x`],
    ['no URL', `ann:${secret}@db`],
    ['an unescaped password', `postgres://ann:${secret}/#?@db/x`],
    ['no user', 'postgres://db.example/x'],
    ['no host', `postgres:///x?user=ann&password=${secret}`],
    ['the driver option host', `postgres://ann:${secret}@db/x?host=127.0.0.9`],
    ['the driver option port', `postgres://ann:${secret}@db/x?port=1`],
    ['the driver option options', `postgres://ann:${secret}@db/x?options=-c%20search_path%3Devil`],
    ['sslmode twice', `postgres://ann:${secret}@db/x?sslmode=require&sslmode=disable`],
    ['sslmode=prefer', `postgres://ann:${secret}@db/x?sslmode=prefer`],
    ['sslmode=no-verify', `postgres://ann:${secret}@db/x?sslmode=no-verify`],
    ['a database name that PostgreSQL would cut', `postgres://ann:${secret}@db/${'a'.repeat(64)}`],
    ['a path of two segments', `postgres://ann:${secret}@db/x/y`],
    ['broken percent-encoding', `postgres://ann:${secret}%zz@db/x`],
    ['NUL in the user name', `postgres://ann%00:${secret}@db/x`],
  ])('refuses %s without quoting it', (_what, url) => {
    const failure = failureOf(() => parseDatabaseUrl(url))
    expect(failure).toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
    expect(failure).not.toHaveProperty('cause')
    expect(String(failure)).not.toContain(secret)
  })
})

function failureOf(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return error
  }
}
