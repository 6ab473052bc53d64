import { describe, expect, it } from '@jest/globals'
import { assemble } from '../../../src/framework/container/assemble.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../../src/framework/decorator/protected-by-auth-sec.js'
import { Public } from '../../../src/framework/decorator/public.js'
import { Tool } from '../../../src/framework/decorator/tool.js'
import { protectedByAuthSec, publicTool } from '../../../src/framework/decorator/tool-definition.js'
import { lineOf } from '../../support/start-faults.js'

const readersOnly = ProtectedByAuthSec({ scopes: ['read'] })
const adminsOnly = () => ProtectedByAuthSec({ roles: ['admin'] })

class Base {
  @ProtectedByAuthSec() // inherited
  inherited(): string {
    return 'inherited'
  }

  @ProtectedByAuthSec() // in the base
  overridden(): string {
    return 'base'
  }

  @ProtectedByAuthSec() // redecorated in the base
  redecorated(): string {
    return 'base'
  }
}

@McpServer({ name: 'Positions', version: '1.0.0' })
class Positions extends Base {
  @Public() // ping
  ping(): string {
    return 'pong'
  }

  @Tool({ title: 'Stands above' })
  @ProtectedByAuthSec({
    roles: ['admin'],
    description: 'A text with (brackets) and an @',
  })
  several(): string {
    return 'several'
  }

  @adminsOnly() // composed
  composed(): string {
    return 'composed'
  }

  @readersOnly // made once
  reused(): string {
    return 'reused'
  }

  override overridden(): string {
    return 'sub'
  }

  @ProtectedByAuthSec() // redecorated
  override redecorated(): string {
    return 'sub'
  }
}

function inFunction() {
  @McpServer({ name: 'Local', version: '1.0.0' })
  class Local {
    @Public() // local
    here(): string {
      return 'here'
    }
  }
  return Local
}

describe('where an operation was declared', () => {
  const functions = [
    protectedByAuthSec('called', {}, () => 'called'), // called
    publicTool('called_too', {}, () => 'called'), // called too
  ]
  const { operations } = assemble({ servers: [Positions, inFunction()], tools: functions })
  const declaredAt = (name: string) => operations.find((operation) => operation.name === name)?.declaredAt

  it.each([
    ['a plain decorator', 'ping', 'ping'],
    ['a decorator made by the user of ours', 'composed', 'composed'],
    ['a decorator made once and used often', 'reused', 'made once'],
    ['an inherited method', 'inherited', 'inherited'],
    ['an override without a decorator, which is declared by its base', 'overridden', 'in the base'],
    ['an override with a decorator', 'redecorated', 'redecorated'],
    ['a class inside a function', 'here', 'local'],
  ])('is the line of %s', (_case, name, mark) => {
    expect(declaredAt(name)).toMatch(new RegExp(`^${lineOf(import.meta.url, mark)}:\\d+$`))
  })

  it('has the column of the @', () => {
    expect(declaredAt('ping')).toBe(`${lineOf(import.meta.url, 'ping')}:3`)
  })

  it('is a decorator of the method where several stand on it', () => {
    const [file, line] = declaredAt('several')?.split(':') ?? []
    expect(`${file}:${Number(line) - 5}`).toBe(lineOf(import.meta.url, 'ping'))
  })

  it('is the call for a function', () => {
    expect(declaredAt('called')).toBe(`${lineOf(import.meta.url, 'called')}:5`)
    expect(declaredAt('called_too')).toBe(`${lineOf(import.meta.url, 'called too')}:5`)
  })
})
