import type { BackgroundWork } from '../runtime/background-work.js'
import type { ClientNotifier, KnownSession } from './session-source.js'

/** Lets clients hear of what has ended without anybody waiting until they have. */
export class BackgroundNotifier implements ClientNotifier {
  readonly #clients: ClientNotifier
  readonly #background: BackgroundWork

  constructor(clients: ClientNotifier, background: BackgroundWork) {
    this.#clients = clients
    this.#background = background
  }

  async tell(ended: readonly KnownSession[]): Promise<void> {
    this.#background.start((signal) => this.#clients.tell(ended, signal))
  }
}
