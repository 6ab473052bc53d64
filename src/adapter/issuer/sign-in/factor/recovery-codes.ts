import { randomInt } from 'node:crypto'
import type { Keyring } from '../../../../core/credential/keyring.js'

const count = 10
const half = 5
/** 32 characters that nobody takes for one another. */
const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'

/** Ten codes of 50 bits, as people are shown them. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: count }, () => `${part()}-${part()}`)
}

/** What a code of an account is kept under, however it was typed. */
export function recoveryDigest(keyring: Keyring, accountId: string, code: string): string {
  return keyring.digest('recovery-code', JSON.stringify([accountId, code.toUpperCase().replace(/[^A-Z0-9]/g, '')]))
}

function part(): string {
  return Array.from({ length: half }, () => alphabet.charAt(randomInt(alphabet.length))).join('')
}
