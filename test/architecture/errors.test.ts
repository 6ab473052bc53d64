import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'

const codesIn = (text: string): readonly string[] => [...new Set(text.match(/\bERR_[A-Z_]+[A-Z]\b/g))].toSorted()

describe('the page of error codes', () => {
  const folder = 'src/core/error'
  const outages = readFileSync(`${folder}/upstream-error.ts`, 'utf8').match(/'[A-Z_]+'/g) ?? []
  const failures = ['src/core/sign-in/login-failure.ts', 'src/core/federation/federation-failure.ts']
  const files = [...readdirSync(folder).map((file) => `${folder}/${file}`), ...failures]
  const declared = files.map((file) => readFileSync(file, 'utf8')).join('\n')

  it('lists every code that can be thrown or on record, and no other', () => {
    const known = codesIn(declared + outages.map((outage) => ` ERR_${outage.slice(1, -1)}`).join(''))
    expect(codesIn(readFileSync('docs/errors.md', 'utf8'))).toEqual(known)
    expect(known.length).toBeGreaterThan(50)
  })

  it('would notice a code that is missing', () => {
    expect(codesIn('ERR_TOKEN_MISSING, ERR_TOKEN_MISSING')).toEqual(['ERR_TOKEN_MISSING'])
    expect(codesIn('')).toEqual([])
  })
})
