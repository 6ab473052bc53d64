import { describe, expect, it } from '@jest/globals'
import { ServiceAccess } from '../../../src/core/external-service/service-access.js'
import { assemble } from '../../../src/framework/container/assemble.js'
import { Injectable } from '../../../src/framework/decorator/injectable.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../../src/framework/decorator/protected-by-auth-sec.js'
import { Public } from '../../../src/framework/decorator/public.js'
import { protectedByAuthSec } from '../../../src/framework/decorator/tool-definition.js'
import type { Class } from '../../../src/framework/decorator/reflect.js'

const server = McpServer({ name: 'Sample', version: '1.0.0' })

@Injectable({ scope: 'call' })
class Repositories {
  constructor(readonly services: ServiceAccess) {}
}

function servicesOf(...servers: readonly Class[]): readonly (readonly string[] | undefined)[] {
  return assemble({ servers }).operations.map(({ services }) => services)
}

describe('an operation that uses external services', () => {
  it('says which, whether it asks for them itself or something it is given does', () => {
    @server
    class Sample {
      @ProtectedByAuthSec({ services: ['GitHub', 'Mail'] })
      direct(_services: ServiceAccess): string {
        return ''
      }

      @ProtectedByAuthSec({ services: ['GitHub'] })
      through(_repositories: Repositories): string {
        return ''
      }

      @ProtectedByAuthSec()
      without(): string {
        return ''
      }
    }
    expect(servicesOf(Sample)).toEqual([['GitHub', 'Mail'], ['GitHub'], []])
  })

  it('may be a function', () => {
    const options = { services: ['GitHub'], params: [ServiceAccess] } as const
    const tool = protectedByAuthSec('list', options, (services) => services.healthCheck())
    expect(assemble({ servers: [], tools: [tool] }).operations[0]?.services).toEqual(['GitHub'])
  })

  it('hands on what it declares to an override that says nothing else', () => {
    @server
    class Base {
      @ProtectedByAuthSec({ services: ['GitHub'] })
      list(_services: ServiceAccess): string {
        return ''
      }
    }
    @server
    class Narrow extends Base {
      @ProtectedByAuthSec({ roles: ['admin'] })
      override list(_services: ServiceAccess): string {
        return ''
      }
    }
    expect(servicesOf(Narrow)).toEqual([['GitHub']])
  })
})

describe('the start stops', () => {
  it('where an operation asks for services and names none', () => {
    @server
    class Sample {
      @ProtectedByAuthSec()
      list(_services: ServiceAccess): string {
        return ''
      }
    }
    expect(() => servicesOf(Sample)).toThrow('declares no services')
  })

  it('where something that an operation is given asks for services and the operation names none', () => {
    @server
    class Sample {
      @ProtectedByAuthSec()
      list(_repositories: Repositories): string {
        return ''
      }
    }
    expect(() => servicesOf(Sample)).toThrow('declares no services')
  })

  it('where an operation names services and nothing could use them', () => {
    @server
    class Sample {
      @ProtectedByAuthSec({ services: ['GitHub'] })
      list(): string {
        return ''
      }
    }
    expect(() => servicesOf(Sample)).toThrow('nothing it asks for is ServiceAccess')
  })

  it('where a public operation asks for services', () => {
    @server
    class Sample {
      @Public()
      list(_services: ServiceAccess): string {
        return ''
      }
    }
    expect(() => servicesOf(Sample)).toThrow('protect the operation')
  })

  it('where a singleton would keep the services of one call', () => {
    @Injectable()
    class Keeper {
      constructor(readonly services: ServiceAccess) {}
    }
    @server
    class Sample {
      @ProtectedByAuthSec({ services: ['GitHub'] })
      list(_keeper: Keeper): string {
        return ''
      }
    }
    expect(() => servicesOf(Sample)).toThrow('belongs to one call')
  })

  it.each([[[]], ['GitHub'], [['GitHub', 'GitHub']], [['']], [[7]]])('where the names are %j', (services) => {
    expect(() => {
      @server
      class Sample {
        // @ts-expect-error: not what services may be
        @ProtectedByAuthSec({ services })
        list(_services: ServiceAccess): string {
          return ''
        }
      }
      return Sample
    }).toThrow('services')
  })
})
