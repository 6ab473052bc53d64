import { describe, expect, it } from '@jest/globals'
import { readSettings, readStdioSettings, readTransport } from '../../../src/app/settings/settings.js'

const read = (env: NodeJS.ProcessEnv, input = {}) => readSettings(env, input, undefined)

describe('settings', () => {
  it('is development by default: loopback, port 3005', () => {
    expect(read({})).toMatchObject({ mode: 'development', host: '127.0.0.1', port: 3005, publicUrl: undefined })
  })

  it.each([
    ['AUTHSEC_ENV', { AUTHSEC_ENV: 'production' }],
    ['NODE_ENV', { NODE_ENV: 'production' }],
    ['a bind address others reach', { HOST: '0.0.0.0', AUTHSEC_PUBLIC_URL: 'https://mcp.example.com' }],
    ['a public URL others reach', { AUTHSEC_PUBLIC_URL: 'https://mcp.example.com' }],
    ['a database of its own', { AUTHSEC_DATABASE_URL: 'postgres://u@127.0.0.1/x' }],
  ])('is production because of %s', (_reason, env) => {
    expect(read(env).mode).toBe('production')
  })

  it.each([
    { AUTHSEC_ENV: 'development', NODE_ENV: 'production' },
    { AUTHSEC_ENV: 'production', NODE_ENV: 'development' },
    { NODE_ENV: 'Production' },
    { NODE_ENV: 'prod' },
    { NODE_ENV: 'staging' },
  ])('is production when either variable says so, or says what is not known: %p', (env) => {
    expect(read(env).mode).toBe('production')
  })

  it.each([{ NODE_ENV: 'development' }, { NODE_ENV: 'test' }, { AUTHSEC_ENV: 'test' }])(
    'is development with %p',
    (env) => {
      expect(read(env).mode).toBe('development')
    },
  )

  it('serves metrics only where a port says so, on loopback unless another address is named', () => {
    expect(read({}).metrics).toBeUndefined()
    expect(read({ AUTHSEC_METRICS_HOST: '0.0.0.0' }).metrics).toBeUndefined()
    expect(read({ AUTHSEC_METRICS_PORT: '9464' }).metrics).toEqual({ host: '127.0.0.1', port: 9464 })
    const everywhere = { AUTHSEC_METRICS_PORT: '9464', AUTHSEC_METRICS_HOST: '0.0.0.0' }
    expect(read(everywhere)).toMatchObject({ mode: 'development', metrics: { host: '0.0.0.0', port: 9464 } })
    expect(read({ HOST: '::1', AUTHSEC_METRICS_PORT: '0' }).metrics).toEqual({ host: '127.0.0.1', port: 0 })
    expect(readStdioSettings(everywhere, {}, undefined).metrics).toBeUndefined()
    for (const port of ['on', '-1', '65536', '127.0.0.1:9464']) {
      expect(() => read({ AUTHSEC_METRICS_PORT: port })).toThrow(
        expect.objectContaining({
          code: 'ERR_CONFIG_ENVIRONMENT',
          message: expect.stringContaining('AUTHSEC_METRICS_PORT'),
        }),
      )
    }
  })

  it.each(['prod', 'Production', 'dev'])('refuses AUTHSEC_ENV %s', (name) => {
    expect(() => read({ AUTHSEC_ENV: name })).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_ENVIRONMENT' }))
  })

  it('demands a public URL with a bind address that others reach', () => {
    expect(() => read({ HOST: '0.0.0.0' })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_URL', message: expect.stringContaining('HOST 0.0.0.0') }),
    )
  })

  it('puts an IPv6 address in brackets', () => {
    expect(read({ HOST: '::1' })).toMatchObject({ host: '[::1]', mode: 'development' })
  })

  it('lets the environment go before code', () => {
    expect(
      read(
        { PORT: '1', AUTHSEC_CLIENT_ID: 'env' },
        { port: 2, clientId: 'code', host: '127.0.0.2', publicUrl: 'https://a.example' },
      ),
    ).toMatchObject({
      port: 1,
      clientId: 'env',
      host: '127.0.0.2',
    })
  })

  it.each(['http://mcp.example.com', 'https://mcp.example.com/path', 'ftp://x', 'nonsense', 'https://u@x.example'])(
    'refuses the public URL %s',
    (url) => {
      expect(() => read({ AUTHSEC_PUBLIC_URL: url })).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_URL' }))
    },
  )

  it('keeps a public URL without the slash at its end', () => {
    expect(read({ AUTHSEC_PUBLIC_URL: 'https://mcp.example.com/' }).publicUrl).toBe('https://mcp.example.com')
  })

  it.each(['-1', '65536', '80 ', 'http', '1e3'])('refuses the port %j', (port) => {
    expect(() => read({ PORT: port })).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_ENVIRONMENT' }))
  })

  it.each(['https://a.example/x', '*', 'null'])('refuses %s as an allowed origin', (origin) => {
    expect(() => read({ AUTHSEC_ALLOWED_ORIGINS: origin })).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_URL' }))
  })

  it('reads a list of allowed origins', () => {
    expect(read({ AUTHSEC_ALLOWED_ORIGINS: 'https://a.example, http://localhost:5173' }).allowedOrigins).toEqual([
      'https://a.example',
      'http://localhost:5173',
    ])
  })

  it.each([
    [undefined, true],
    ['', true],
    ['1', true],
    ['true', true],
    ['0', false],
    ['false', false],
  ])('reads AUTHSEC_OPEN_BROWSER=%s as %s', (text, open) => {
    expect(read({ AUTHSEC_OPEN_BROWSER: text }).openBrowser).toBe(open)
  })

  it.each(['yes', 'no', 'TRUE', '2', ' 1'])('refuses AUTHSEC_OPEN_BROWSER=%s', (text) => {
    const fault = expect.objectContaining({ code: 'ERR_CONFIG_ENVIRONMENT' })
    expect(() => read({ AUTHSEC_OPEN_BROWSER: text })).toThrow(fault)
    expect(() => readStdioSettings({ AUTHSEC_OPEN_BROWSER: text }, {}, undefined)).toThrow(fault)
  })

  it('lets AUTHSEC_LOGIN go before code, and both before the default', () => {
    expect(read({}).login).toBe('both')
    expect(read({}, { login: 'oauth' }).login).toBe('oauth')
    expect(read({ AUTHSEC_LOGIN: 'tools' }, { login: 'oauth' }).login).toBe('tools')
  })

  it.each(['Tools', 'none', 'oauth,tools'])('refuses AUTHSEC_LOGIN=%s', (text) => {
    expect(() => read({ AUTHSEC_LOGIN: text })).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_ENVIRONMENT',
        message: expect.stringContaining('oauth, tools, both'),
      }),
    )
  })

  it('refuses to sign sessions in beyond loopback until code allows it', () => {
    const env = { AUTHSEC_LOGIN: 'both', AUTHSEC_PUBLIC_URL: 'https://mcp.example.com' }
    expect(() => read(env)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_LOGIN' }))
    expect(read(env, { sessionLogin: 'allowed' }).login).toBe('both')
    expect(() => read(env, { sessionLogin: 'allowed', sessions: 'stateless' })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_LOGIN' }),
    )
  })

  it.each([
    [undefined, 'http'],
    ['http', 'http'],
    ['stdio', 'stdio'],
  ])('reads AUTHSEC_TRANSPORT=%s as %s', (text, transport) => {
    expect(readTransport({ AUTHSEC_TRANSPORT: text })).toBe(transport)
  })

  it.each(['STDIO', 'sse', 'http,stdio'])('refuses AUTHSEC_TRANSPORT=%s', (text) => {
    expect(() => readTransport({ AUTHSEC_TRANSPORT: text })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_ENVIRONMENT', message: expect.stringContaining('http, stdio') }),
    )
  })
})

describe('settings on stdio', () => {
  const stdio = (env: NodeJS.ProcessEnv, input = {}) => readStdioSettings(env, input, undefined)

  it('put the pages on loopback, on any free port unless PORT says which', () => {
    const pages = { host: '127.0.0.1', publicUrl: undefined, login: 'tools', mode: 'development' }
    expect(stdio({})).toMatchObject({ ...pages, port: 0 })
    expect(stdio({}, { port: 3005, host: '0.0.0.0', publicUrl: 'https://mcp.example.com' })).toMatchObject({
      ...pages,
      port: 0,
    })
    expect(stdio({ PORT: '8080' })).toMatchObject({ ...pages, port: 8080 })
  })

  it('heed neither what clients call the server nor how they sign in over HTTP', () => {
    const env = { HOST: '0.0.0.0', AUTHSEC_PUBLIC_URL: 'https://mcp.example.com', AUTHSEC_LOGIN: 'oauth' }
    expect(stdio(env, { sessions: 'stateless', login: 'oauth' })).toMatchObject({
      ...{ host: '127.0.0.1', publicUrl: undefined, login: 'tools' },
    })
  })

  it('holds 50 connections to PostgreSQL unless told', () => {
    expect(read({}).databaseConnections).toBe(50)
    expect(read({ AUTHSEC_DATABASE_CONNECTIONS: '20' }).databaseConnections).toBe(20)
  })

  it('keep what is on record for good unless told, and for a week at least', () => {
    expect(read({}).auditRetentionDays).toBeUndefined()
    expect(read({ AUTHSEC_AUDIT_RETENTION: '7' }).auditRetentionDays).toBe(7)
    for (const text of ['6', '0', '-7', '7.5', '7d', '36501', 'long']) {
      expect(() => read({ AUTHSEC_AUDIT_RETENTION: text })).toThrow('AUTHSEC_AUDIT_RETENTION')
    }
  })

  it.each(['4', '0', '-1', '1001', 'many', '7.5', ''])('refuses %j connections, or takes the usual', (text) => {
    const attempt = () => read({ AUTHSEC_DATABASE_CONNECTIONS: text }).databaseConnections
    if (text === '') expect(attempt()).toBe(50)
    else expect(attempt).toThrow('AUTHSEC_DATABASE_CONNECTIONS')
  })

  it.each([{ NODE_ENV: 'production' }, { AUTHSEC_ENV: 'production' }, { AUTHSEC_DATABASE_URL: 'postgres://u@h/x' }])(
    'are production with %p',
    (env) => {
      expect(stdio(env).mode).toBe('production')
    },
  )

  it.each([{ PORT: '65536' }, { AUTHSEC_LOG_LEVEL: 'loud' }, { AUTHSEC_NO_SUCH: '1' }, { AUTHSEC_ENV: 'prod' }])(
    'refuse %p',
    (env) => {
      expect(() => stdio(env)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_ENVIRONMENT' }))
    },
  )
})
