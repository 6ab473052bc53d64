import { describe, expect, it } from '@jest/globals'
import { serviceAddress } from '../../../../src/core/external-service/service-address.js'

const api = { name: 'Api', url: 'https://api.example.com/v3' }

describe('an address of a service', () => {
  it.each([
    ['/user/repos', 'https://api.example.com/v3/user/repos'],
    ['/', 'https://api.example.com/v3/'],
    ['/user?per_page=5&q=a/../b', 'https://api.example.com/v3/user?per_page=5&q=a/../b'],
    ['/projects/group%2Fproject', 'https://api.example.com/v3/projects/group%2Fproject'],
    ['/search/100%25', 'https://api.example.com/v3/search/100%25'],
    ['/a/..b/c..', 'https://api.example.com/v3/a/..b/c..'],
    ['/münchen', 'https://api.example.com/v3/m%C3%BCnchen'],
    ['/list/', 'https://api.example.com/v3/list/'],
    ['/@user:x', 'https://api.example.com/v3/@user:x'],
  ])('is below the base path for %s', (path, address) => {
    expect(serviceAddress(api, path).href).toBe(address)
  })

  it.each([
    ...[
      '',
      'user',
      'https://evil.example/',
      '//evil.example/x',
      '/\\evil.example',
      '\\\\evil.example',
      '@evil.example',
    ],
    ...['/..', '/../admin', '/a/../../admin', '/./a', '/a/.', '/a//b', '/%2e%2e/admin', '/%2E%2e/admin', '/.%2e/admin'],
    ...[
      '/%252e%252e/admin',
      '/%25252e%25252e/admin',
      '/a%2f..%2f..%2fadmin',
      '/a%5c..%5cadmin',
      '/..;x/admin',
      '/%2f%2fevil',
    ],
    ...[
      '/a#b',
      '/a b',
      '/a\tb',
      '/a\nb',
      '/a\r\nHost: evil',
      '/%0d%0aHost:evil',
      '/%00',
      '/a\u0000',
      '/\u2028',
      '/\ud800',
    ],
    ...[
      '/%25ff/%252e%252e/x',
      '/%25zz/%252e%252e/x',
      '/%',
      '/%zz',
      '/%c0%ae%c0%ae/admin',
      '/..\u200b/x',
      `/${'a'.repeat(9_000)}`,
    ],
  ])('is none for %j', (path) => {
    expect(() => serviceAddress(api, path)).toThrow(expect.objectContaining({ code: 'ERR_SERVICE_REQUEST' }))
  })

  it.each([undefined, null, 7, {}, ['/user'], new URL('https://api.example.com/v3/user')])('is none for %p', (path) => {
    expect(() => serviceAddress(api, path)).toThrow(expect.objectContaining({ code: 'ERR_SERVICE_REQUEST' }))
  })

  it('stays on the origin where there is no base path', () => {
    expect(serviceAddress({ name: 'Api', url: 'https://api.example.com' }, '/user').href).toBe(
      'https://api.example.com/user',
    )
  })
})
