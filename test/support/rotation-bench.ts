import { createRotation } from '../../src/app/services/rotation/create-rotation.js'
import { RotationSchedule } from '../../src/app/services/rotation/rotation-schedule.js'
import type { Rotators } from '../../src/app/services/rotation/read-rotators.js'
import type { CredentialStore } from '../../src/core/credential/credential-store.js'
import { readServiceOptions } from '../../src/core/external-service/read-service-options.js'
import type { RotationStatus, RotationStore } from '../../src/core/external-service/rotation/rotation-store.js'
import type { RotationOutcome } from '../../src/core/external-service/rotation/rotation-work.js'
import type { Rotation } from '../../src/core/external-service/rotation/rotation.js'
import type { EngineRotator, Rotator } from '../../src/core/external-service/rotation/rotator.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { MemoryLog } from './memory-ports.js'
import type { TestPostgres } from './postgres.js'
import { TokenService } from './token-service.js'

/** Options of a service, besides that it is the token service and takes bearer tokens. */
type Changes = Readonly<Record<string, unknown>>

/** A tenant whose service is the token service, with a token of it, and what rotates that. */
export class RotationBench {
  readonly name = 'Tokens'
  readonly log = new MemoryLog()
  readonly test: TestPostgres
  readonly tenant: Tenant
  readonly api: TokenService
  readonly credentials: CredentialStore

  private constructor({
    api,
    credentials,
    tenant,
    test,
  }: Pick<RotationBench, 'api' | 'credentials' | 'tenant' | 'test'>) {
    this.test = test
    this.tenant = tenant
    this.api = api
    this.credentials = credentials
  }

  static async open(test: TestPostgres, slug: string, credentials: CredentialStore): Promise<RotationBench> {
    const tenant = await test.postgres.provisioner.createTenant({ slug, name: slug })
    return new RotationBench({ test, tenant, credentials, api: await TokenService.open() })
  }

  /** Puts the service there, with a token that it takes. */
  async provide(changes: Changes = {}, members?: Readonly<Record<string, string>>): Promise<string> {
    const options = {
      url: this.api.url,
      network: 'private',
      requirement: {},
      auth: { type: 'bearer_token' },
      ...changes,
    }
    const wish = { presence: 'any', name: this.name, settings: readServiceOptions(options) } as const
    await this.test.postgres.services.apply(this.tenant, wish, 'cli:ada')
    const service = await this.service()
    if (changes['source'] !== undefined) return ''
    const token = this.api.issue()
    const place = { tenant: this.tenant, service: service.id, account: undefined }
    const version = await this.credentials.write(
      place,
      members ?? { access_token: token },
      await this.credentials.newest(place),
    )
    await this.test.postgres.services.activate(this.tenant, { service, version }, 'cli:ada')
    return token
  }

  async service() {
    const service = await this.test.postgres.services.find(this.tenant, this.name)
    if (service === undefined) throw new TypeError('there is no service')
    return service
  }

  /** The version that is used, and the token that it has; `undefined` where it cannot be read. */
  async used(
    credentials = this.credentials,
  ): Promise<{ readonly version: number; readonly token: string | undefined }> {
    const { credentialVersion: version, id: service } = await this.service()
    const stored = await credentials.read({ tenant: this.tenant, service, account: undefined }, version)
    return { version, token: stored?.members['access_token'] }
  }

  /** Whether the service takes what is used. */
  async works(): Promise<boolean> {
    const { token } = await this.used()
    return token !== undefined && this.api.valid.has(token)
  }

  async read(version: number): Promise<string | undefined> {
    const { id: service } = await this.service()
    const stored = await this.credentials.read({ tenant: this.tenant, service, account: undefined }, version)
    return stored?.members['access_token']
  }

  rotation(changes: { readonly credentials?: CredentialStore; readonly rotations?: RotationStore } = {}): Rotation {
    const { credentials = this.credentials, rotations = this.test.postgres.rotations } = changes
    return createRotation({ credentials, postgres: { rotations }, log: this.log })
  }

  rotate(rotator: Rotator | undefined, rotation = this.rotation()): Promise<RotationOutcome> {
    const task = rotator === undefined ? 'finish' : 'replace'
    return rotation.rotate({ tenant: this.tenant, name: this.name, rotator, by: 'cli:ada', task })
  }

  /** A new token that an administrator brings. */
  given(token = this.api.issue()): Rotator {
    return { kind: 'given', credentials: { create: () => Promise.resolve({ access_token: token }) } }
  }

  application(): Rotator {
    return { kind: 'application', credentials: this.api.rotator() }
  }

  /** What a server does now and then; answers with how much there was to do. */
  async round(
    rotators: Rotators = new Map([[this.name, this.api.rotator()]]),
    engine?: EngineRotator,
  ): Promise<number> {
    const { rateLimiter: turns, rotations: store } = this.test.postgres
    const tenants = { list: () => Promise.resolve([this.tenant]) }
    const parts = {
      rotation: this.rotation(),
      store,
      tenants,
      turns,
      application: 'app',
      rotators,
      engine,
      log: this.log,
    }
    return new RotationSchedule(parts).round()
  }

  /** As if so much time had gone since everything that has been noted. */
  async age(interval: string): Promise<void> {
    const columns = ['claimed_until', 'retire_at', 'retry_at', 'asked_at', 'rotated_at', 'ended_at']
    const set = columns.map((column) => `${column} = ${column} - interval '${interval}'`).join(', ')
    await this.test.tenantSql(this.tenant, `update service_rotation set ${set}`)
    const before = `credential_at - interval '${interval}', created_at = created_at - interval '${interval}'`
    const quiet = 'alter table service disable trigger service_changed'
    await this.test.tenantSql(this.tenant, quiet)
    await this.test.tenantSql(this.tenant, `update service set credential_at = ${before}`)
    await this.test.tenantSql(this.tenant, 'alter table service enable always trigger service_changed')
  }

  async status(): Promise<RotationStatus> {
    const [status] = await this.test.postgres.rotations.statuses(this.tenant)
    if (status === undefined) throw new TypeError('nothing is known of a rotation')
    return status
  }

  records() {
    const columns = 'subject, reason, detail'
    return this.test.tenantSql(
      this.tenant,
      `select ${columns} from audit_event where type = 'credential.rotated' order by id`,
    )
  }

  close(): Promise<void> {
    return this.api.close()
  }
}
