import { localVaultKeys } from '../../src/app/credentials/local-vault-keys.js'
import type { CredentialPlace, CredentialStore } from '../../src/core/credential/credential-store.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { CliSite } from './cli-site.js'
import { openHomePostgres, type HomePostgres } from './home-postgres.js'
import { runProgram, type Finished } from './server-process.js'

/** `authsec service` for the first tenant of a home whose server has stopped; all that is printed is kept, to be looked through. */
export class ServiceCli {
  readonly texts: string[] = []
  readonly site: CliSite
  readonly data: HomePostgres
  readonly tenant: Tenant

  private constructor({ data, site, tenant }: Pick<ServiceCli, 'data' | 'site' | 'tenant'>) {
    this.site = site
    this.data = data
    this.tenant = tenant
  }

  static async open(): Promise<ServiceCli> {
    const site = await CliSite.stopped()
    const data = await openHomePostgres(site.home.path)
    const [tenant] = await data.postgres.tenants.list()
    if (tenant === undefined) throw new TypeError('there is no tenant')
    return new ServiceCli({ data, site, tenant })
  }

  get home(): string {
    return this.site.home.path
  }

  get store(): CredentialStore {
    return this.data.postgres.localVault.open(localVaultKeys({ home: this.home, localVaultKey: undefined }))
  }

  async run(...args: readonly string[]): Promise<Finished> {
    return this.noted(await this.site.run(...this.#inTenant(args)))
  }

  /** The same, with something on standard input. */
  async typed(input: string, ...args: readonly string[]): Promise<Finished> {
    return this.noted(await this.site.runWithInput(input, ...this.#inTenant(args)))
  }

  /** The same, as a program of its own in another environment. */
  async elsewhere(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Finished> {
    return this.program(env, ...this.#inTenant(args))
  }

  /** What it prints with `--json`. */
  async json(...args: readonly string[]): Promise<unknown> {
    return JSON.parse((await this.run(...args, '--json')).stdout)
  }

  /** Any command of `authsec`, as a program of its own in another environment. */
  async program(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Finished> {
    return this.noted(await runProgram(['dist/cli/main.js', ...args], { AUTHSEC_HOME: this.home, ...env }))
  }

  /** Where the credential of a service is, or that of a user (UUID) there. */
  async place(name: string, account?: string): Promise<CredentialPlace> {
    const service = await this.data.postgres.services.find(this.tenant, name)
    return { tenant: this.tenant, service: service?.id ?? '', account }
  }

  noted(finished: Finished): Finished {
    this.texts.push(finished.stdout, finished.stderr)
    return finished
  }

  async close(): Promise<void> {
    await this.data.close()
    await this.site.close()
  }

  #inTenant(args: readonly string[]): readonly string[] {
    return ['service', ...args, '--tenant', this.tenant.slug]
  }
}
