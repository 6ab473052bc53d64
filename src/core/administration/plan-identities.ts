import { identityFault, identityKey, identityWords, type AccountIdentity } from './account-identity.js'
import type { IdentityStep } from './change.js'
import { quoted } from './known-names.js'
import type { Planned, PlanningContext } from './plan-links.js'
import type { AccountWish, ForgetWish } from './wish.js'

/** What an account comes to be known as, and what not any more. An issuer's subject is one account of a tenant at most. */
export function planIdentities({ identities }: Pick<PlanningContext, 'identities'>, wish: AccountWish) {
  const { email, identify = [], forsake = [] } = wish
  const faults: string[] = []
  const before: string[] = []
  const after: string[] = []
  const steps: IdentityStep[] = []
  for (const identity of identify) {
    const holder = identities.get(identityKey(identity))
    const fault = identityFault(identity) ?? (holder === email ? undefined : takenFault(identity, holder))
    if (fault !== undefined) faults.push(fault)
    else if (holder === undefined) {
      identities.set(identityKey(identity), email)
      after.push(identityWord(identity))
      steps.push({ step: 'add identity', of: email, ...identity })
    }
  }
  for (const identity of forsake) {
    const holder = identities.get(identityKey(identity))
    if (holder === email) {
      identities.set(identityKey(identity), undefined)
      before.push(identityWord(identity))
      steps.push({ step: 'remove identity', of: email, ...identity })
    } else faults.push(takenFault(identity, holder) ?? `the account ${quoted(email)} is not ${identityWords(identity)}`)
  }
  return { faults, before, after, steps }
}

/** What it comes to that an identity is to be forgotten: only one that is no account's. */
export function planForgetting({ identities }: PlanningContext, { identity }: ForgetWish): Planned {
  const words = identityWords(identity)
  if (!identities.has(identityKey(identity))) return { faults: [`${words} is not on record here`] }
  const fault = takenFault(identity, identities.get(identityKey(identity)))
  if (fault !== undefined) return { faults: [`${fault}: take it away from it first`] }
  identities.delete(identityKey(identity))
  return {
    change: { action: 'removed', noun: 'identity', name: words, before: ['shut out'], after: [] },
    steps: [{ step: 'forget identity', ...identity }],
  }
}

/** An identity as it goes on record. */
export function identityWord(identity: AccountIdentity): string {
  return `identity:${identityWords(identity)}`
}

function takenFault(identity: AccountIdentity, holder: string | undefined): string | undefined {
  return holder === undefined ? undefined : `${identityWords(identity)} is the account ${quoted(holder)}`
}
