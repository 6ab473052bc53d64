import { expect } from '@jest/globals'
import { AuditRows } from './audit-rows.js'
import {
  startServerProcess,
  temporaryHome,
  type Finished,
  type ServerProcess,
  type TemporaryHome,
} from './server-process.js'
import { WarmCli } from './warm-cli.js'

/** A built sample, the quickstart unless another is named, as a program, in a home of its own, with the command line and the audit log beside it. */
export class CliSite {
  readonly home: TemporaryHome
  readonly server: ServerProcess
  readonly audit: AuditRows
  readonly #cli: WarmCli

  private constructor(parts: Pick<CliSite, 'audit' | 'home' | 'server'>) {
    this.home = parts.home
    this.server = parts.server
    this.audit = parts.audit
    this.#cli = new WarmCli(parts.home.path)
  }

  static async start(entry?: string, env: NodeJS.ProcessEnv = {}): Promise<CliSite> {
    const home = await temporaryHome()
    const server = await startServerProcess({ home: home.path, env, ...(entry === undefined ? {} : { entry }) })
    return new CliSite({ home, server, audit: await AuditRows.of(home.path) })
  }

  /** Its database, as a server has left it. */
  static async stopped(): Promise<CliSite> {
    const site = await CliSite.start()
    await site.server.stop()
    return site
  }

  async close(): Promise<void> {
    await this.#cli.close()
    await this.audit.close()
    await this.server.stop()
    await this.home.remove()
  }

  /** `authsec …`, however it ends. */
  run(...args: readonly string[]): Promise<Finished> {
    return this.#cli.run(...args)
  }

  /** The same, with something on its standard input. */
  runWithInput(input: string, ...args: readonly string[]): Promise<Finished> {
    return this.#cli.runWithInput(input, ...args)
  }

  /** The same, which has to succeed. */
  async done(...args: readonly string[]): Promise<Finished> {
    const finished = await this.run(...args)
    expect(finished).toMatchObject({ code: 0 })
    return finished
  }

  /** What a command that succeeds prints with `--json`. */
  async json<Value = unknown>(...args: readonly string[]): Promise<Value> {
    const { stdout } = await this.done(...args, '--json')
    return JSON.parse(stdout) as Value
  }

  /** What a command says on standard error that ends with this code and prints nothing. */
  async refused(code: number, ...args: readonly string[]): Promise<string> {
    const finished = await this.run(...args)
    expect(finished).toMatchObject({ code, stdout: '' })
    return finished.stderr
  }
}
