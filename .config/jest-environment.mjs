// Node's environment, and one rule: a test file that leaves a server, a socket, a child process or a timer behind fails.
import { setTimeout as pause } from 'node:timers/promises'
import { TestEnvironment } from 'jest-environment-node'

const watched = new Set(['TCPServerWrap', 'TCPSocketWrap', 'ProcessWrap', 'Timeout', 'Immediate', 'MessagePort'])
const graceMs = 2000
const stepMs = 50
const mostTimers = 5000
const agentOfFetch = Symbol.for('undici.globalDispatcher.1')

export default class LeakFailingEnvironment extends TestEnvironment {
  #before = new Map()
  /** Where each timer of the test file and its modules was started; a timer that nothing holds has ended. */
  #timers = new Set()

  async setup() {
    await super.setup()
    // oidc-provider looks here for the agent behind fetch, as it stands in any other process once fetch was used.
    this.global[agentOfFetch] = new Response() && globalThis[agentOfFetch]
    this.#before = openResources()
    this.#record('setTimeout')
    this.#record('setInterval')
  }

  async handleTestEvent(event) {
    if (event.name !== 'run_finish') return
    for (let waited = 0; this.#leaks().length > 0; waited += stepMs) {
      if (waited >= graceMs)
        throw new Error([`left open after the last test: ${this.#leaks().join(', ')}`, ...this.#origins()].join('\n'))
      await pause(stepMs)
    }
  }

  #leaks() {
    return [...openResources()]
      .map(([type, count]) => [type, count - (this.#before.get(type) ?? 0)])
      .filter(([, count]) => count > 0)
      .map(([type, count]) => `${count} ${type}`)
  }

  #record(name) {
    const start = this.global[name]
    const timers = this.#timers
    const recorded = (...args) => {
      const timer = start(...args)
      if (timers.size >= mostTimers) forgetEnded(timers)
      timers.add({ timer: new WeakRef(timer), origin: new Error(`${name}, ${args[1] ?? 0} ms`) })
      return timer
    }
    // `util.promisify` finds its own form here.
    this.global[name] = Object.defineProperties(recorded, Object.getOwnPropertyDescriptors(start))
  }

  #origins() {
    return [...this.#timers]
      .filter(({ timer }) => isOpen(timer.deref()) && timer.deref().hasRef())
      .map(({ origin }) => origin.stack)
  }
}

function isOpen(timer) {
  return timer !== undefined && !timer._destroyed
}

function forgetEnded(timers) {
  for (const entry of timers) if (!isOpen(entry.timer.deref())) timers.delete(entry)
}

function openResources() {
  const counts = new Map()
  for (const type of process.getActiveResourcesInfo()) {
    if (watched.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1)
  }
  return counts
}
