// Node's environment, and one rule: a test file that leaves a server, a socket, a child process or a timer behind fails.
import { setTimeout as pause } from 'node:timers/promises'
import { TestEnvironment } from 'jest-environment-node'

const watched = new Set(['TCPServerWrap', 'TCPSocketWrap', 'ProcessWrap', 'Timeout', 'Immediate', 'MessagePort'])
const graceMs = 2000
const stepMs = 50

export default class LeakFailingEnvironment extends TestEnvironment {
  #before = new Map()

  async setup() {
    await super.setup()
    this.#before = openResources()
  }

  async handleTestEvent(event) {
    if (event.name !== 'run_finish') return
    for (let waited = 0; this.#leaks().length > 0; waited += stepMs) {
      if (waited >= graceMs) throw new Error(`left open after the last test: ${this.#leaks().join(', ')}`)
      await pause(stepMs)
    }
  }

  #leaks() {
    return [...openResources()]
      .map(([type, count]) => [type, count - (this.#before.get(type) ?? 0)])
      .filter(([, count]) => count > 0)
      .map(([type, count]) => `${count} ${type}`)
  }
}

function openResources() {
  const counts = new Map()
  for (const type of process.getActiveResourcesInfo()) {
    if (watched.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1)
  }
  return counts
}
