import { describe, expect, it } from '@jest/globals'
import { browserEnvironment } from '../../../src/adapter/browser/browser-environment.js'

describe('the environment of a browser', () => {
  it.each([
    'PATH',
    'HOME',
    'BROWSER',
    'DISPLAY',
    'WAYLAND_DISPLAY',
    'XDG_RUNTIME_DIR',
    'LC_ALL',
    'WSL_INTEROP',
    'Path',
  ])('has %s', (name) => {
    expect(browserEnvironment({ [name]: 'x' })).toEqual({ [name]: 'x' })
  })

  it.each([
    ...['AUTHSEC_MASTER_KEY', 'AUTHSEC_DATABASE_URL', 'AUTHSEC_CLIENT_SECRET', 'CLIENT_SECRET', 'DATABASE_URL'],
    ...['PGPASSWORD', 'AWS_SECRET_ACCESS_KEY', 'NODE_OPTIONS', 'LD_PRELOAD', 'HOME_TOKEN', 'MY_XDG_KEY', ''],
  ])('does not have %s', (name) => {
    expect(browserEnvironment({ [name]: 'secret', PATH: '/bin' })).toEqual({ PATH: '/bin' })
  })
})
