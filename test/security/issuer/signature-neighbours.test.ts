import { expect, it } from '@jest/globals'
import { withIssuer } from '../../support/issuer-bench.js'

it('forged tokens of one issuer wait for each other: those of another one are looked at meanwhile', () =>
  withIssuer({ algorithms: ['RS256'] }, (flooded) =>
    withIssuer({}, async (bench) => {
      bench.book.trust(bench.trusted(), flooded.trusted())
      expect(await bench.outcomeOf(flooded.issuer.sign())).toBe('accepted')
      expect(await bench.outcome()).toBe('accepted')
      const signed = flooded.issuer.sign()
      const forged = `${signed.slice(0, -100)}${'A'.repeat(100)}`
      const flood = Array.from({ length: 1_500 }, () => bench.outcomeOf(forged))
      expect(await bench.outcome()).toBe('accepted')
      expect(new Set(await Promise.all(flood))).toEqual(new Set(['ERR_TOKEN_SIGNATURE', 'ERR_OVERLOADED']))
    }),
  ))
