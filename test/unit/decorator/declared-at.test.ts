import { describe, expect, it } from '@jest/globals'
import { assemble } from '../../../src/framework/container/assemble.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../../src/framework/decorator/protected-by-auth-sec.js'
import { Public } from '../../../src/framework/decorator/public.js'
import { Tool } from '../../../src/framework/decorator/tool.js'
import { protectedByAuthSec, publicTool } from '../../../src/framework/decorator/tool-definition.js'
import { lineOf } from '../../support/start-faults.js'

const adminsOnly = () => ProtectedByAuthSec({ roles: ['admin'] })

@McpServer({ name: 'Positions', version: '1.0.0' })
class Positions {
  @Public() // ping
  ping(): string {
    return 'pong'
  }

  @Tool({ title: 'Above' })
  @ProtectedByAuthSec({
    roles: ['admin'],
    description: 'A text (with brackets) and an @',
  })
  several(): string {
    return 'several'
  }

  @adminsOnly() // composed
  composed(): string {
    return 'composed'
  }

  @ProtectedByAuthSec({ scopes: ['read'] }) async oneLine(): Promise<string> { return 'one line' } // one line
}

describe('declaredAt', () => {
  const assembly = assemble({ servers: [Positions] })
  const positionOf = (name: string) => assembly.operations.find((operation) => operation.name === name)?.declaredAt

  it('names file, line and column of the decorator', () => {
    expect(positionOf('ping')).toBe(`${lineOf(import.meta.url, 'ping')}:3`)
  })
  it('names', () => {
    console.log(assembly.operations.map((o) => [o.name, o.declaredAt]))
    const a = protectedByAuthSec('x', {}, () => 'x') // function
    console.log(assemble({servers:[], tools:[a]}).operations.map((o) => o.declaredAt))
  })
})
