import { describe, expect, it } from '@jest/globals'
import { generateSigningKey } from '../../../src/adapter/issuer/provider/signing-keys.js'
import { ownKeySet } from '../../../src/adapter/token/own/own-engine.js'
import type { SigningKey } from '../../../src/core/identity/signing-key-store.js'
import { ManualClock } from '../../support/manual-clock.js'

const issuer = 'https://issuer.example'

async function opened() {
  const [first, second] = [await generateSigningKey(), await generateSigningKey()]
  const clock = new ManualClock()
  const source = {
    ...{ keys: [first] as readonly SigningKey[], revision: 'a', available: true, looks: 0, takes: 0 },
    lasts: undefined as number | undefined,
  }
  const keys = ownKeySet({
    ...{ issuer, clock },
    keys: {
      list: async () => {
        source.looks += 1
        const { available, keys: listed } = source
        await Promise.resolve()
        clock.advance(source.takes)
        if (!available) throw new TypeError('down')
        return listed
      },
      revision: () => source.revision,
      lasts: () => source.lasts,
    },
  })
  const find = ({ kid }: SigningKey) => keys.find({ kid, algorithm: 'ES256' }, issuer)
  return { clock, source, first, second, find }
}

describe('the keys of our own issuer', () => {
  it('are looked at again as soon as they may be others, and not before', async () => {
    const { find, first, second, source } = await opened()
    const known = await find(first)
    expect(known).toBeDefined()
    expect(await find(first)).toBe(known)
    expect(source.looks).toBe(1)
    source.keys = [second]
    expect(await find(first)).toBe(known)
    source.revision = 'b'
    expect(await find(first)).toBeUndefined()
    expect(await find(second)).toBeDefined()
    source.revision = 'c'
    source.keys = [second]
    expect(await find(second)).toBeDefined()
  })

  it('are looked at once more where they changed while they were looked at', async () => {
    const { find, first, second, source } = await opened()
    await find(first)
    source.revision = 'b'
    const early = find(first)
    source.keys = [second]
    source.revision = 'c'
    expect(await early).toBeUndefined()
  })

  it('let nobody in while it cannot be told whether they still stand', async () => {
    const { find, first, source } = await opened()
    await find(first)
    source.available = false
    expect(await find(first)).toBeDefined()
    source.revision = 'b'
    await expect(find(first)).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
  })

  it('last so long where nobody would tell of others, and are then looked at again', async () => {
    const { clock, find, first, second, source } = await opened()
    await find(first)
    source.lasts = 2_000
    clock.advance(1.999)
    expect(await find(first)).toBeDefined()
    expect(source.looks).toBe(1)
    source.keys = [second]
    clock.advance(0.001)
    expect(await find(first)).toBeUndefined()
    source.lasts = undefined
    clock.advance(10)
    const { looks } = source
    expect(await find(second)).toBeDefined()
    expect(source.looks).toBe(looks)
  })

  it('count for whoever waits for them, also where the look takes longer than they last', async () => {
    const { find, first, source } = await opened()
    source.lasts = 2_000
    source.takes = 2.9
    for (let time = 1; time <= 3; time += 1) {
      expect(await find(first)).toBeDefined()
      expect(source.looks).toBe(time)
    }
  })

  it('count for nobody who has come after such a look began, until the next one', async () => {
    const { find, first, second, source } = await opened()
    source.lasts = 2_000
    source.takes = 2.9
    const early = find(first)
    await Promise.resolve()
    source.keys = [second]
    const late = find(first)
    expect(await early).toBeDefined()
    expect(await late).toBeUndefined()
  })
})
