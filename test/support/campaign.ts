import { availableParallelism, loadavg } from 'node:os'
import { Load, LoadClient } from './load.js'
import type { ProductionSite } from './production-site.js'
import type { Ended, ServerChild } from './server-child.js'

const clients = 4
const restartMilliseconds = 3_000

/** A server under load that ends again and again, and is started again each time. */
export class Campaign {
  readonly #site: ProductionSite
  readonly #load: Load
  readonly #bookedBefore: ReadonlySet<string>
  readonly #restarts: number[] = []
  #server: ServerChild

  private constructor(site: ProductionSite, server: ServerChild, load: Load, bookedBefore: readonly string[]) {
    this.#site = site
    this.#server = server
    this.#load = load
    this.#bookedBefore = new Set(bookedBefore)
  }

  static async begin(site: ProductionSite): Promise<Campaign> {
    const server = site.start()
    await server.ready()
    const token = await site.token()
    const open = () => new LoadClient(site.url, token).open()
    const load = new Load(await Promise.all(Array.from({ length: clients }, open)))
    const booked = await site.booked()
    load.begin()
    return new Campaign(site, server, load, booked)
  }

  /** Ends the server with the signal and starts it again; the clients go on in their sessions. */
  async restart(signal: NodeJS.Signals): Promise<Ended> {
    const acknowledged = this.#load.acknowledged.length
    this.#server.signal(signal)
    const ended = await this.#server.ended
    this.#server = this.#site.start()
    this.#restarts.push(await this.#server.ready())
    await this.#load.acknowledges(acknowledged + clients)
    return ended
  }

  /** Lets the calls end, then the server; answers with what was booked meanwhile and what the clients were told. */
  async end(): Promise<{ readonly booked: readonly string[]; readonly load: Load }> {
    await this.#load.stop()
    this.#server.signal('SIGTERM')
    await this.#server.ended
    const { acknowledged, asked, refused } = this.#load
    const [shortest = 0, ...others] = this.#restarts.toSorted((one, other) => one - other)
    console.info(
      `${asked.length} calls, ${acknowledged.length} acknowledged, ${refused.length} refused; ${this.#restarts.length} ` +
        `restarts, the shortest ${Math.round(shortest)} ms, the longest ${Math.round(others.at(-1) ?? shortest)} ms`,
    )
    // Where others keep every core busy, the time says nothing about the server.
    const busy = (loadavg()[0] ?? 0) > availableParallelism() * 2
    if (!busy && shortest > restartMilliseconds) throw new TypeError(`a restart takes ${Math.round(shortest)} ms`)
    const booked = (await this.#site.booked()).filter((nonce) => !this.#bookedBefore.has(nonce))
    return { booked, load: this.#load }
  }
}
