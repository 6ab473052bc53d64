import { describe, expect, it } from '@jest/globals'
import type { Exchange } from '../../../src/adapter/mcp/http/exchange.js'
import { StandingCheck } from '../../../src/adapter/mcp/http/standing-check.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { Caller } from '../../../src/core/identity/caller.js'
import { acme, globex, sampleCaller } from '../../support/core-samples.js'

/** What a check sees of an exchange. */
function exchange(caller: Partial<Caller>, age = 1_500): Exchange & { readonly stops: readonly string[] } {
  const stops: string[] = []
  const seen = {
    bound: { ...sampleCaller(), ...caller },
    startedAt: performance.now() - age,
    stop: (reason: string) => void stops.push(reason),
    stops,
  }
  return seen as unknown as Exchange & { readonly stops: readonly string[] }
}

/** A check over answers by grant: callers stand unless told otherwise. */
class CheckBench {
  readonly asked: string[] = []
  readonly lines: string[] = []
  atOnce = 0
  mostAtOnce = 0
  fallen = new Set<string>()
  down = new Set<string>()
  silent = new Set<string>()
  readonly check = new StandingCheck(
    { renew: (caller) => this.#renew(caller) },
    { write: (_level, message) => void this.lines.push(message) },
  )

  async #renew(caller: Caller): Promise<Caller | undefined> {
    const { grantDigest = 'none', issuer, tenant } = caller
    this.asked.push(grantDigest)
    this.atOnce += 1
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce)
    await new Promise(setImmediate)
    this.atOnce -= 1
    if (this.silent.has(grantDigest)) throw new UpstreamError('IDP_UNAVAILABLE', 'silent')
    if (this.down.has(tenant.slug) || this.down.has(issuer)) throw new UpstreamError('TENANT_UNAVAILABLE', 'down')
    return this.fallen.has(grantDigest) ? undefined : caller
  }
}

describe('what has run for a second', () => {
  it('is ended where its caller fell, and goes on where its caller stands', async () => {
    const bench = new CheckBench()
    bench.fallen.add('a')
    const [one, two, other] = [
      exchange({ grantDigest: 'a' }),
      exchange({ grantDigest: 'a' }),
      exchange({ grantDigest: 'b' }),
    ]
    await bench.check.check([one, two, other])
    expect([one.stops, two.stops, other.stops]).toEqual([['revoked'], ['revoked'], []])
    expect(bench.asked.toSorted()).toEqual(['a', 'b'])
  })

  it('is asked for apart by principal and by what the issuer calls the tenant', async () => {
    const bench = new CheckBench()
    const changes: readonly Partial<Caller>[] = [
      {},
      { clientId: 'client-2' },
      { tenantClaim: 'acme-2' },
      { tenant: globex },
    ]
    await bench.check.check(changes.map((change) => exchange(change)))
    expect(bench.asked).toHaveLength(4)
  })

  it('is asked for apart by sign-in', async () => {
    const bench = new CheckBench()
    const signedIn = (key: string): Partial<Caller> => ({
      grantDigest: undefined,
      credential: { kind: 'sign-in', signIn: { tenant: acme, key } },
    })
    await bench.check.check([exchange(signedIn('one')), exchange(signedIn('one')), exchange(signedIn('other'))])
    expect(bench.asked).toEqual(['none', 'none'])
  })

  it('is not asked for where no caller is bound to it', async () => {
    const bench = new CheckBench()
    const stream = { ...exchange({}), bound: undefined }
    await bench.check.check([stream as unknown as Exchange])
    expect([bench.asked, stream.stops]).toEqual([[], []])
  })

  it('is not asked for while it is younger', async () => {
    const bench = new CheckBench()
    bench.fallen.add('grant-1')
    const young = exchange({}, 500)
    await bench.check.check([young])
    expect([bench.asked, young.stops]).toEqual([[], []])
  })

  it('is asked for four at a time, and not twice at once', async () => {
    const bench = new CheckBench()
    const many = Array.from({ length: 20 }, (_, index) => exchange({ grantDigest: String(index) }))
    await Promise.all([bench.check.check(many), bench.check.check(many)])
    expect([bench.asked.length, bench.mostAtOnce]).toEqual([20, 4])
    await bench.check.check(many)
    expect(bench.asked).toHaveLength(40)
  })

  it('is ended where its caller fell, though another one of its tenant cannot be told about at the issuer', async () => {
    const bench = new CheckBench()
    bench.silent.add('unclear')
    bench.fallen.add('fallen')
    const [fallen, unclear] = [exchange({ grantDigest: 'fallen' }), exchange({ grantDigest: 'unclear' })]
    const later = Array.from({ length: 8 }, (_, index) => exchange({ grantDigest: String(index) }))
    await bench.check.check([fallen, ...later, unclear])
    expect([fallen.stops, unclear.stops]).toEqual([['revoked'], []])
    expect(bench.lines).toEqual(['whether callers may go on could not be told'])
  })

  it('is ended where its caller fell, though what is known by another issuer cannot be told', async () => {
    const bench = new CheckBench()
    bench.fallen.add('fallen')
    bench.down.add('https://other.example')
    const waiting = Array.from({ length: 8 }, (_, index) =>
      exchange({ grantDigest: String(index), issuer: 'https://other.example' }),
    )
    const fallen = exchange({ grantDigest: 'fallen' })
    await bench.check.check([fallen, ...waiting])
    expect(fallen.stops).toEqual(['revoked'])
    expect(bench.asked.length).toBeLessThanOrEqual(5)
  })

  it('of a tenant out of reach goes on, and does not keep that of others from being ended', async () => {
    const bench = new CheckBench()
    bench.down.add(acme.slug)
    bench.fallen.add('fallen')
    const waiting = Array.from({ length: 100 }, (_, index) => exchange({ grantDigest: String(index) }))
    const fallen = exchange({ grantDigest: 'fallen', tenant: globex })
    await bench.check.check([fallen, ...waiting])
    expect(fallen.stops).toEqual(['revoked'])
    expect(waiting.flatMap(({ stops }) => stops)).toEqual([])
    expect(bench.asked.length).toBeLessThanOrEqual(5)
    expect(bench.lines.length).toBeLessThanOrEqual(4)
  })
})
