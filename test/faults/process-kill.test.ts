import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Campaign } from '../support/campaign.js'
import { ProductionSite } from '../support/production-site.js'

/** 100 in a full run. */
const rounds = Number(process.env['AUTHSEC_TEST_KILLS'] ?? (process.env['CI'] === undefined ? 100 : 10))

let site: ProductionSite
beforeAll(async () => {
  site = await ProductionSite.create()
})
afterAll(() => site?.close())

it(`loses nothing that was acknowledged and runs nothing twice when it is killed at random ${rounds} times`, async () => {
  const campaign = await Campaign.begin(site)
  for (let round = 0; round < rounds; round += 1) {
    await pause(Math.random() * 300)
    expect(await campaign.restart('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' })
  }
  const { booked, load } = await campaign.end()
  const record = await site.record()
  console.info(`${record.allowed} calls on record, ${record.orphans} of them without an outcome`)
  expect(new Set(booked).size).toBe(booked.length)
  const known = new Set(booked)
  expect(load.acknowledged.filter((nonce) => !known.has(nonce))).toEqual([])
  // Nothing ran that was not on record, nothing was acknowledged whose outcome is not, and what broke off can be told.
  expect(record.allowed).toBeGreaterThanOrEqual(booked.length)
  expect(record.outcomes).toBeGreaterThanOrEqual(load.acknowledged.length)
  expect(record).toMatchObject({ orphans: record.allowed - record.outcomes, wrong: 0 })
  expect(record.orphans).toBeLessThanOrEqual(rounds * 4)
}, 900_000)
