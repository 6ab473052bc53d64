import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { PolicyWatch } from '../../../src/adapter/mcp/legacy/policy-watch.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { acme, globex } from '../../support/core-samples.js'

/** A watch over the versions that a test sets. */
class Bench {
  readonly versions = new Map([
    [acme.id, '1'],
    [globex.id, '1'],
  ])
  readonly down = new Set<string>()
  readonly hanging = new Set<string>()
  readonly changed: string[] = []
  readonly compared: string[] = []
  tenants: readonly Tenant[] = [acme, globex]
  readonly #seen = new Map<string, string>()
  #hear: (tenantId: string | undefined) => void = () => undefined
  subscribed = 0
  readonly watch = new PolicyWatch({
    changes: {
      subscribe: (hear) => {
        this.#hear = hear
        this.subscribed += 1
        return () => {
          this.subscribed -= 1
        }
      },
    },
    grants: {
      policyVersion: async ({ id, slug }) => {
        this.compared.push(slug)
        if (this.hanging.has(id)) return new Promise(() => undefined)
        if (this.down.has(id)) throw new UpstreamError('TENANT_UNAVAILABLE', 'down')
        return this.versions.get(id) ?? ''
      },
    },
    tenants: () => this.tenants,
    onVersion: async ({ slug }, version) => {
      if (this.#seen.get(slug) === version) return
      this.#seen.set(slug, version)
      this.changed.push(slug)
    },
  })

  async hint(): Promise<void> {
    this.#hear(undefined)
    await jest.advanceTimersByTimeAsync(1)
  }

  /** Lets the first round pass, in which every tenant is new. */
  async settle(): Promise<void> {
    await jest.advanceTimersByTimeAsync(250)
    this.changed.length = 0
  }
}

let bench: Bench
beforeEach(async () => {
  jest.useFakeTimers()
  bench = new Bench()
  await bench.settle()
})
afterEach(() => {
  bench.watch.close()
  jest.useRealTimers()
})

describe('a policy watch', () => {
  it('tells the version of each tenant again and again, so that whoever missed one is told the next time', async () => {
    bench.versions.set(acme.id, '2')
    await jest.advanceTimersByTimeAsync(250)
    expect(bench.changed).toEqual(['acme'])
    await jest.advanceTimersByTimeAsync(1_000)
    expect(bench.changed).toEqual(['acme'])
  })

  it('looks at once where there is a hint', async () => {
    bench.versions.set(globex.id, '2')
    await bench.hint()
    expect(bench.changed).toEqual(['globex'])
  })

  it('does not take a hint for a change', async () => {
    await bench.hint()
    expect(bench.changed).toEqual([])
  })

  it('tells of a change that was made during an outage, once that is over', async () => {
    bench.down.add(acme.id)
    bench.versions.set(acme.id, '2')
    await jest.advanceTimersByTimeAsync(1_000)
    expect(bench.changed).toEqual([])
    bench.down.delete(acme.id)
    await jest.advanceTimersByTimeAsync(250)
    expect(bench.changed).toEqual(['acme'])
  })

  it('tells of a change while the database of another tenant hangs', async () => {
    bench.hanging.add(acme.id)
    await jest.advanceTimersByTimeAsync(500)
    bench.versions.set(globex.id, '2')
    await jest.advanceTimersByTimeAsync(250)
    expect(bench.changed).toEqual(['globex'])
    bench.versions.set(globex.id, '3')
    await bench.hint()
    expect(bench.changed).toEqual(['globex', 'globex'])
  })

  it('asks for nothing, and hears nothing, once it is closed', async () => {
    bench.watch.close()
    bench.compared.length = 0
    await jest.advanceTimersByTimeAsync(1_000)
    expect(bench.compared).toEqual([])
    expect(bench.subscribed).toBe(0)
  })
})
