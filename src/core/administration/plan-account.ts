import { noGrants } from '../permission/grants.js'
import type { AccountFields, Change, Step } from './change.js'
import { quoted } from './known-names.js'
import { identityWord, planIdentities } from './plan-identities.js'
import { planLinks, wordsOf, type Planned, type PlanningContext } from './plan-links.js'
import { accountNameFault, emailFault } from './account-text.js'
import type { AccountFacts } from './tenant-facts.js'
import type { AccountWish } from './wish.js'

/** What a wish about an account comes to. */
export function planAccount(context: PlanningContext, wish: AccountWish): Planned {
  const { email, name, presence } = wish
  const known = context.facts.accounts.get(email)
  const links = planLinks(context, { ...wish, held: known?.assigned ?? noGrants })
  const refusal = presenceFault(context, wish)
  const identities = planIdentities(context, refusal === undefined ? wish : { ...wish, forsake: [] })
  const faults = [
    refusal,
    name === undefined || known?.name === name ? undefined : accountNameFault(name),
    ...links.faults,
    ...identities.faults,
  ].filter((fault) => fault !== undefined)
  if (faults.length > 0) return { faults }
  const words = { before: [...links.before, ...identities.before], after: [...links.after, ...identities.after] }
  const steps = [...ofAccount(email, links), ...identities.steps]
  if (known === undefined) return planNew(wish, words.after, steps)
  if (presence === 'absent') return planGone(known)
  const fields = planFields(known, wish)
  const before = [...fields.before, ...words.before]
  const after = [...fields.after, ...words.after]
  const changed = before.length + after.length > 0
  const change: Change = { action: changed ? 'changed' : 'kept', noun: 'account', name: email, before, after }
  const own: readonly Step[] = fields.after.length > 0 ? [{ step: 'change account', email, fields: fields.fields }] : []
  return { change, steps: [...own, ...steps] }
}

function presenceFault({ facts }: PlanningContext, { email, presence }: AccountWish): string | undefined {
  const isThere = facts.accounts.has(email)
  if (isThere) return presence === 'new' ? `there is an account ${quoted(email)} already` : undefined
  const alike = facts.alike.get(email.toLowerCase())
  if (presence === 'known' || presence === 'absent') {
    return `there is no account ${quoted(email)}${alike === undefined ? '' : `; did you mean ${quoted(alike)}?`}`
  }
  if (alike !== undefined) {
    return `the address ${quoted(email)} differs from that of the account ${quoted(alike)} in capitals only`
  }
  return emailFault(email)
}

function planNew(
  { email, name, password, status = 'active' }: AccountWish,
  words: readonly string[],
  steps: readonly Step[],
): Planned {
  const after = [
    status,
    ...(name === undefined ? [] : [`name:${name}`]),
    password?.hash === undefined ? 'no password' : 'a password',
    ...words,
  ]
  return {
    change: { action: 'added', noun: 'account', name: email, before: [], after },
    steps: [{ step: 'add account', email, fields: { name, password, status } }, ...steps],
  }
}

function planGone({ assigned, email, identities, name, password, status }: AccountFacts): Planned {
  const before = [
    status,
    ...(name === undefined ? [] : [`name:${name}`]),
    password === 'none' ? 'no password' : 'a password',
    ...wordsOf(assigned),
    ...identities.map(identityWord),
  ]
  return {
    change: { action: 'removed', noun: 'account', name: email, before, after: [] },
    steps: [{ step: 'remove account', email }],
  }
}

function planFields(known: AccountFacts, { name, password, status }: AccountWish) {
  const before: string[] = []
  const after: string[] = []
  const fields: { -readonly [Field in keyof AccountFields]: AccountFields[Field] } = {}
  if (name !== undefined && name !== known.name) {
    before.push(known.name === undefined ? 'no name' : `name:${known.name}`)
    after.push(`name:${name}`)
    fields.name = name
  }
  if (status !== undefined && status !== known.status) {
    before.push(known.status)
    after.push(status)
    fields.status = status
  }
  if (password !== undefined && (password.hash !== undefined || known.password === 'set')) {
    before.push(known.password === 'none' ? 'no password' : 'a password')
    after.push(password.hash === undefined ? 'no password' : 'another password')
    fields.password = password
  }
  return { before, after, fields }
}

function ofAccount(email: string, { steps }: ReturnType<typeof planLinks>): readonly Step[] {
  return steps.map((step) => ({ ...step, holder: 'account', of: email }))
}
