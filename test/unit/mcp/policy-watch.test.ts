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
  #held: Promise<void> | undefined
  #release: () => void = () => undefined
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
        await this.#held
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

  hint(tenantId?: string): void {
    this.#hear(tenantId)
  }

  /** Nobody is answered until they are let go. */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve
    })
  }

  letGo(): void {
    this.#release()
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
    bench.hint()
    await jest.advanceTimersByTimeAsync(1)
    expect(bench.changed).toEqual(['globex'])
  })

  it('does not take a hint for a change', async () => {
    bench.hint()
    await jest.advanceTimersByTimeAsync(1)
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
    bench.hint()
    await jest.advanceTimersByTimeAsync(1)
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

describe('with 200 tenants, a policy watch', () => {
  const many = Array.from({ length: 200 }, (_, index) => ({ id: `id-${index}`, slug: `t${index}`, name: 'T' }))

  beforeEach(() => {
    bench.tenants = many
    bench.compared.length = 0
  })

  it('compares 25 in a second and no more, and each of them in its turn', async () => {
    await jest.advanceTimersByTimeAsync(1_000)
    expect(bench.compared).toHaveLength(25)
    // Whoever was used last stands last.
    bench.tenants = many.toReversed()
    await jest.advanceTimersByTimeAsync(7_000)
    expect(bench.compared).toHaveLength(200)
    expect(new Set(bench.compared).size).toBe(200)
  })

  it('compares the one of a hint at once, and no other', async () => {
    bench.hint('id-150')
    await jest.advanceTimersByTimeAsync(1)
    expect(bench.compared).toEqual(['t150'])
    bench.hint('of nobody who waits')
    await jest.advanceTimersByTimeAsync(1)
    expect(bench.compared).toHaveLength(1)
  })

  it('compares every one where any may have changed, eight at once', async () => {
    bench.hold()
    bench.hint()
    await jest.advanceTimersByTimeAsync(1)
    expect(bench.compared).toHaveLength(8)
    bench.letGo()
    await jest.advanceTimersByTimeAsync(1)
    expect(new Set(bench.compared).size).toBe(200)
  })

  it('does not spend the turns of others on those whose databases hang', async () => {
    for (const { id } of many.slice(0, 100)) bench.hanging.add(id)
    await jest.advanceTimersByTimeAsync(8_000)
    bench.compared.length = 0
    await jest.advanceTimersByTimeAsync(4_000)
    expect(new Set(bench.compared)).toEqual(new Set(many.slice(100).map(({ slug }) => slug)))
  })
})
