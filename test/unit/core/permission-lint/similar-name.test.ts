import { describe, expect, it } from '@jest/globals'
import { similarName } from '../../../../src/core/permission/lint/similar-name.js'

const known = ['admin', 'owner', 'invoice:read', 'invoice:void', 'café', 'NAME', 'ID']

describe('the name that was probably meant', () => {
  it.each([
    ['amdin', 'admin'],
    ['admn', 'admin'],
    ['admins', 'admin'],
    ['adnin', 'admin'],
    ['Admn', 'admin'],
    ['invoice:raed', 'invoice:read'],
    ['invoices:read', 'invoice:read'],
  ])('is the nearest one to %s', (name, meant) => {
    expect(similarName(name, known)).toEqual({ name: meant, difference: 'spelling' })
  })

  it.each([
    ['Admin', 'admin', 'case'],
    ['ADMIN', 'admin', 'case'],
    [' admin', 'admin', 'blanks'],
    ['admin\u00a0', 'admin', 'blanks'],
    ['ad\u200bmin', 'admin', 'blanks'],
    [' Admin', 'admin', 'look-alike'],
    ['\u0430dmin', 'admin', 'look-alike'],
    ['\u0410dmin', 'admin', 'look-alike'],
    ['cafe\u0301', 'café', 'look-alike'],
    ['cafe', 'café', 'look-alike'],
    ['ａｄｍｉｎ', 'admin', 'look-alike'],
    ['0wner', 'owner', 'look-alike'],
    ['\u039dAME', 'NAME', 'look-alike'],
    ['lD', 'ID', 'look-alike'],
    ['invoice\u2010read', 'invoice-read', 'look-alike'],
  ] as const)('looks the same as %j', (name, meant, difference) => {
    expect(similarName(name, [...known, 'invoice-read'])).toEqual({ name: meant, difference })
  })

  it.each(['auditor', 'a', 'x', 'invoice:archive', ''])('is none for %j', (name) => {
    expect(similarName(name, known)).toBeUndefined()
  })

  it('is none where nothing is known, nor the name itself', () => {
    expect(similarName('admin', [])).toBeUndefined()
    expect(similarName('admin', ['admin'])).toBeUndefined()
  })

  it('is one that looks the same before one that is merely near', () => {
    expect(similarName('Admin', ['Admim', 'admin'])).toEqual({ name: 'admin', difference: 'case' })
  })

  it('is the one with the fewest mistakes', () => {
    expect(similarName('deployr', ['deplo', 'deployer'])?.name).toBe('deployer')
  })

  it('is no name of one letter for another', () => {
    expect(similarName('b', ['a', 'c'])).toBeUndefined()
  })
})
