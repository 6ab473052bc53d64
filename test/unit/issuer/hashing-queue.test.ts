import { describe, expect, it } from '@jest/globals'
import { HashingQueue, type HashingClaim } from '../../../src/adapter/issuer/password/hashing-queue.js'

/** A queue whose work ends when the test says so. */
class Bench {
  readonly queue = new HashingQueue()
  /** The names of what has begun, in that order. */
  readonly begun: string[] = []
  readonly refused: { readonly name: string; readonly crowd: unknown }[] = []
  readonly #ends: (() => void)[] = []

  ask(name: string, claim: HashingClaim | undefined): void {
    const work = (): Promise<void> => {
      this.begun.push(name)
      return new Promise((resolve) => this.#ends.push(resolve))
    }
    this.queue.run(claim, work).catch((error: { readonly crowd: unknown }) => {
      this.refused.push({ name, crowd: error.crowd })
    })
  }

  askOften(count: number, name: string, claim: HashingClaim | undefined): void {
    for (let asked = 0; asked < count; asked += 1) this.ask(name, claim)
  }

  /** Ends what has begun, one after the other, until `name` has begun; answers with how many others began before. */
  async aheadOf(name: string): Promise<number> {
    await settled()
    while (!this.begun.includes(name)) await this.endNext()
    return this.begun.indexOf(name)
  }

  async endNext(): Promise<void> {
    const end = this.#ends.shift()
    if (end === undefined) throw new Error('nothing is at work')
    end()
    await settled()
  }
}

/** Once all that is to happen without anything else has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const known = (account: string): HashingClaim => ({ account, stranger: undefined })
const from = (network: string, account: string): HashingClaim => ({ account, stranger: network })
const names = ({ refused }: Bench): readonly string[] => refused.map(({ name }) => name)

describe('the queue of computations', () => {
  it('has two at work and thirty-two waiting', async () => {
    const bench = new Bench()
    for (let count = 0; count < 36; count += 1) bench.ask(`user ${count}`, known(`${count}`))
    await settled()
    expect(bench.begun).toEqual(['user 0', 'user 1'])
    expect(bench.refused).toEqual([34, 35].map((count) => ({ name: `user ${count}`, crowd: 'everybody' })))
    for (let ended = 0; ended < 34; ended += 1) await bench.endNext()
    expect(bench.begun).toHaveLength(34)
    bench.ask('afterwards', known('0'))
    await settled()
    expect(bench.begun.at(-1)).toBe('afterwards')
  })

  it('lets one account have eight, and says that it is its own', async () => {
    const bench = new Bench()
    bench.askOften(50, 'greedy', known('greedy'))
    bench.ask('other', known('other'))
    await settled()
    expect(bench.refused).toEqual(Array.from({ length: 42 }, () => ({ name: 'greedy', crowd: 'its own' })))
    expect(await bench.aheadOf('other')).toBe(2 + 1)
    for (let ended = 0; ended < 7; ended += 1) await bench.endNext()
    bench.ask('greedy again', known('greedy'))
    await settled()
    expect(bench.begun).toContain('greedy again')
  })

  it('gives everybody a turn after one of each other, whoever came first and goes on asking', async () => {
    const bench = new Bench()
    for (const account of ['a', 'b', 'c']) bench.askOften(8, account, known(account))
    bench.ask('late', known('late'))
    await settled()
    while (!bench.begun.includes('late')) {
      await bench.endNext()
      for (const account of ['a', 'b', 'c']) bench.ask(account, known(account))
    }
    expect(bench.begun.indexOf('late')).toBeLessThanOrEqual(2 + 3)
  })

  it('lets the accounts of one network have their turns within that of the network', async () => {
    const bench = new Bench()
    bench.askOften(8, 'greedy', from('office', 'greedy'))
    for (let count = 0; count < 8; count += 1) bench.ask('colleague', from('office', `${count}`))
    bench.ask('elsewhere', from('home', 'elsewhere'))
    expect(await bench.aheadOf('elsewhere')).toBe(2 + 1)
    while (bench.begun.filter((name) => name === 'colleague').length < 8) await bench.endNext()
    expect(bench.begun.filter((name) => name === 'greedy').length).toBeLessThanOrEqual(3)
  })
})

describe('where all places are taken', () => {
  it('a newcomer gets one of whoever has most', async () => {
    const bench = new Bench()
    for (const account of ['a', 'b', 'c', 'd']) bench.askOften(8, account, known(account))
    bench.askOften(2, 'e', known('e'))
    bench.ask('newcomer', known('newcomer'))
    await settled()
    expect(bench.refused).toEqual([{ name: 'd', crowd: 'its own' }])
    expect(await bench.aheadOf('newcomer')).toBeLessThanOrEqual(2 + 5)
  })

  it('an office has as many as there is room for strangers, and leaves others theirs', async () => {
    const bench = new Bench()
    for (let count = 0; count < 24; count += 1) bench.ask(`office ${count}`, from('office', `${count}`))
    await settled()
    expect(bench.refused).toEqual([])
    bench.ask('elsewhere', from('home', 'elsewhere'))
    await settled()
    expect(bench.refused).toEqual([{ name: 'office 23', crowd: 'its own' }])
    bench.ask('office again', from('office', 'again'))
    await settled()
    expect(names(bench)).toEqual(['office 23', 'office again'])
    expect(await bench.aheadOf('elsewhere')).toBe(2 + 1)
  })

  it('within one network the one with most gives one up as well', async () => {
    const bench = new Bench()
    for (const account of ['a', 'b', 'c']) bench.askOften(8, account, from('office', account))
    bench.ask('colleague', from('office', 'colleague'))
    await settled()
    expect(names(bench)).toEqual(['c'])
  })

  it('strangers from however many networks leave places to those who have been here before', async () => {
    const bench = new Bench()
    for (let count = 0; count < 40; count += 1) bench.ask('stranger', from(`${count}`, 'victim'.slice(0, count % 6)))
    for (let count = 0; count < 10; count += 1) bench.ask(`known ${count}`, known(`${count}`))
    await settled()
    expect(names(bench).filter((name) => name !== 'stranger')).toEqual([])
    expect(bench.refused).toHaveLength(16)
  })
})

describe('strangers who name an account', () => {
  it('use up nothing of what a known browser of its user has', async () => {
    const bench = new Bench()
    for (let count = 0; count < 20; count += 1) bench.ask('stranger', from(`${count}`, 'victim'))
    bench.ask('another stranger', from('20', 'victim'))
    bench.ask('victim', known('victim'))
    await settled()
    expect(names(bench)).toContain('another stranger')
    expect(names(bench)).not.toContain('victim')
    expect(await bench.aheadOf('victim')).toBeLessThanOrEqual(2 + 8)
  })
})

describe('work that fails', () => {
  it('leaves its place to the next one', async () => {
    const queue = new HashingQueue()
    const fail = (): Promise<never> => Promise.reject(new TypeError('no memory'))
    const answers = await Promise.allSettled(Array.from({ length: 8 }, () => queue.run(known('a'), fail)))
    for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: { message: 'no memory' } })
    await expect(queue.run(known('a'), async () => 'done')).resolves.toBe('done')
  })
})
