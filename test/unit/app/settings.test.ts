import { describe, expect, it } from '@jest/globals'
import { readSettings } from '../../../src/app/settings/settings.js'

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
})
