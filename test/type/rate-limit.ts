// Compiled, never run: what the type of `@RateLimit` accepts, and what it refuses.
import { ProtectedByAuthSec, protectedByAuthSec, Public, publicTool, RateLimit } from '../../src/index.js'

const slowly = () => RateLimit({ limit: 1, seconds: 60 })

@RateLimit({ limit: 10, seconds: 60 })
export class Accepted {
  @ProtectedByAuthSec()
  @RateLimit([
    { limit: 5, seconds: 1 },
    { limit: 100, seconds: 3600, per: 'tenant' },
  ])
  listed(): void {}

  @Public()
  @slowly()
  @RateLimit({ limit: 9, seconds: 60, per: 'everybody' })
  repeated(count: number): number {
    return count
  }
}

export const accepted = [
  protectedByAuthSec('one', { roles: ['admin'], rateLimit: { limit: 5, seconds: 60 } }, () => ''),
  publicTool('two', { rateLimit: [{ limit: 5, seconds: 60, per: 'tenant' }] }, () => ''),
]

export class Refused {
  // @ts-expect-error a getter
  @RateLimit({ limit: 5, seconds: 60 })
  get getter(): string {
    return ''
  }

  // @ts-expect-error a field
  @RateLimit({ limit: 5, seconds: 60 })
  field = 1

  // @ts-expect-error an arrow field
  @RateLimit({ limit: 5, seconds: 60 })
  arrow = (): string => ''

  // @ts-expect-error a symbol
  @RateLimit({ limit: 5, seconds: 60 })
  public [Symbol.iterator](): string {
    return ''
  }

  // @ts-expect-error a static method
  @RateLimit({ limit: 5, seconds: 60 })
  static fixed(): string {
    return ''
  }

  // @ts-expect-error without brackets
  @RateLimit
  bare(): void {}

  // @ts-expect-error without a limit
  @RateLimit()
  nothing(): void {}

  // @ts-expect-error no time
  @RateLimit({ limit: 5 })
  timeless(): void {}

  // @ts-expect-error an empty list
  @RateLimit([])
  empty(): void {}

  // @ts-expect-error nobody counts by that
  @RateLimit({ limit: 5, seconds: 60, per: 'session' })
  session(): void {}

  // @ts-expect-error a typing mistake
  @RateLimit({ limit: 5, second: 60 })
  mistyped(): void {}
}

export const refused = [
  // @ts-expect-error no time
  protectedByAuthSec('one', { rateLimit: { limit: 5 } }, () => ''),
  // @ts-expect-error an empty list
  publicTool('two', { rateLimit: [] }, () => ''),
]
