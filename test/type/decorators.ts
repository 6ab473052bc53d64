// Compiled, never run: what the decorators' types accept, and what they refuse.
import { IsString } from 'class-validator'
import { z } from 'zod'
import { UserContext } from '../../src/core/identity/user-context.js'
import { CallContext } from '../../src/core/operation/call-context.js'
import { Arg } from '../../src/framework/decorator/arg.js'
import { Inject } from '../../src/framework/decorator/inject.js'
import { Injectable } from '../../src/framework/decorator/injectable.js'
import { McpServer } from '../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../src/framework/decorator/protected-by-auth-sec.js'
import { Public } from '../../src/framework/decorator/public.js'
import { createToken } from '../../src/framework/decorator/token.js'
import { Tool } from '../../src/framework/decorator/tool.js'

interface Clock {
  now(): number
}

const clock = createToken<Clock>('clock')
const Created = z.object({ id: z.string() })

class CreateResource {
  @IsString() name!: string
}

@Injectable({ scope: 'call' })
export class Accepted {
  readonly #clock: Clock

  constructor(@Inject(clock) time: Clock) {
    this.#clock = time
  }

  now(): number {
    return this.#clock.now()
  }
}

const adminsOnly = () => ProtectedByAuthSec({ roles: ['admin'] })

@McpServer({ name: 'Accepted', version: '1.0.0', prefix: 'ok', instructions: 'Ask first.' })
@ProtectedByAuthSec({ groups: ['staff'], bearerOnly: true })
export class AcceptedServer {
  @ProtectedByAuthSec()
  plain(): void {}

  @ProtectedByAuthSec('named')
  named(): void {}

  @ProtectedByAuthSec('named_too', { scopes: ['read'], title: 'Named too' })
  namedToo(user: UserContext): string {
    return user.subject
  }

  @ProtectedByAuthSec({ roles: ['admin'], scopes: ['write'], requireAll: true })
  both(): void {}

  @ProtectedByAuthSec({ resources: ['production', 'sensitive'], requireAll: true })
  allResources(): void {}

  @ProtectedByAuthSec({ bearerOnly: true })
  bearersOnly(): void {}

  @ProtectedByAuthSec('bearing_admins', { roles: ['admin'], scopes: ['write'], requireAll: false, bearerOnly: true })
  bearingAdmins(): void {}

  @ProtectedByAuthSec('elevatable', { scopes: ['write'], elevatable: true })
  steppedUpTo(): void {}

  @ProtectedByAuthSec({ roles: ['admin'], scopes: ['write'], requireAll: true, elevatable: true })
  steppedUpToByAdmins(): void {}

  @adminsOnly()
  composed(call: CallContext, accepted: Accepted): string {
    return `${call.requestId} ${accepted.now()}`
  }

  @ProtectedByAuthSec({ input: CreateResource, output: Created, params: [CreateResource, UserContext], elicits: true })
  @Tool({ description: 'Creates', annotations: { readOnlyHint: false } })
  create(input: CreateResource, user: UserContext): { id: string } {
    return { id: `${input.name} of ${user.subject}` }
  }

  @ProtectedByAuthSec({ input: Created })
  find(user: UserContext, input: { id: string }): string {
    return `${input.id} of ${user.subject}`
  }

  @ProtectedByAuthSec('find_too', { input: Created, roles: ['admin'] })
  @Tool({ input: Created })
  findToo(input: Readonly<z.infer<typeof Created>>): string {
    return input.id
  }

  @Public('greeting', { description: 'Greets' })
  greet(@Arg('name', { default: 'you' }) name: string): string {
    return name
  }
}

export class RefusedPlaces {
  // @ts-expect-error a getter
  @ProtectedByAuthSec()
  get getter(): string {
    return ''
  }

  // @ts-expect-error a setter
  @Public()
  set setter(_value: string) {}

  // @ts-expect-error a field
  @ProtectedByAuthSec()
  field = 1

  // @ts-expect-error an arrow field
  @ProtectedByAuthSec()
  arrow = (): string => ''

  // @ts-expect-error a symbol
  @ProtectedByAuthSec()
  public [Symbol.iterator](): string {
    return ''
  }

  // @ts-expect-error a static method
  @ProtectedByAuthSec()
  static fixed(): string {
    return ''
  }

  // @ts-expect-error without brackets
  @ProtectedByAuthSec
  bare(): void {}

  // @ts-expect-error @Tool on a field
  @Tool({ title: 'Field' })
  titled = 1

  // @ts-expect-error @Arg in a constructor
  constructor(@Arg('name') readonly name: string) {}
}

export class RefusedOptions {
  // @ts-expect-error a typing mistake
  @ProtectedByAuthSec({ role: ['admin'] })
  unknown(): void {}

  // @ts-expect-error one name instead of a list
  @ProtectedByAuthSec({ roles: 'admin' })
  text(): void {}

  // @ts-expect-error an empty list
  @ProtectedByAuthSec({ roles: [] })
  empty(): void {}

  // @ts-expect-error undefined
  @ProtectedByAuthSec({ roles: undefined })
  nothing(): void {}

  // @ts-expect-error undefined instead of options
  @ProtectedByAuthSec(undefined)
  noOptions(): void {}

  // @ts-expect-error several categories without requireAll
  @ProtectedByAuthSec({ roles: ['admin'], scopes: ['write'] })
  ambiguous(): void {}

  // @ts-expect-error a text for a flag
  @ProtectedByAuthSec({ bearerOnly: 'yes' })
  flagged(): void {}

  // @ts-expect-error a text for a flag
  @ProtectedByAuthSec({ scopes: ['write'], elevatable: 'yes' })
  lifted(): void {}

  // @ts-expect-error nobody has to step up to a public operation
  @Public({ elevatable: true })
  openAndLifted(): void {}

  // @ts-expect-error several categories without requireAll, whatever else is said
  @ProtectedByAuthSec({ roles: ['admin'], scopes: ['write'], bearerOnly: true })
  stillAmbiguous(): void {}

  // @ts-expect-error the name twice
  @ProtectedByAuthSec('one', { name: 'two' })
  twice(): void {}

  // @ts-expect-error a public operation demands nothing
  @Public({ roles: ['admin'] })
  open(): void {}

  // @ts-expect-error a public operation takes everybody, with a bearer or without
  @Public({ bearerOnly: true })
  bearing(): void {}

  // @ts-expect-error neither a class nor a schema
  @ProtectedByAuthSec({ input: { name: 'string' } })
  schemaless(): void {}
}

// @ts-expect-error each method says for itself that it may be stepped up to
@ProtectedByAuthSec({ scopes: ['write'], elevatable: true })
export class RefusedWhole {}

export class RefusedInputs {
  // @ts-expect-error no parameter takes the input
  @ProtectedByAuthSec({ input: Created })
  untaken(user: UserContext): string {
    return user.subject
  }

  // @ts-expect-error the parameter has another type
  @Public({ input: Created })
  other(input: { id: number }): number {
    return input.id
  }

  // @ts-expect-error the parameter needs more than the input has
  @ProtectedByAuthSec('more', { input: Created })
  more(input: { id: string; name: string }): string {
    return input.name
  }
}

// @ts-expect-error a class is never public as a whole
@Public()
// @ts-expect-error a version is needed
@McpServer({ name: 'Refused' })
// @ts-expect-error details belong on the methods
@ProtectedByAuthSec({ roles: ['admin'], description: 'For admins' })
// @ts-expect-error an unknown scope
@Injectable({ scope: 'request' })
export class RefusedClass {}
