import { nounOf } from '../grants.js'
import { nameInWords, quoted } from '../requirement/requirement-words.js'
import type { Fault } from './finding.js'
import type { NameDifference } from './similar-name.js'

/** What is wrong and what to do about it, for somebody who is no security expert. */
export function describeFault(operation: string, fault: Fault): string {
  const name = nameInWords(operation)
  switch (fault.code) {
    case 'unknown-name':
      return describeUnknown(name, fault)
    case 'unknown-service':
      return describeUnknownService(name, fault)
    case 'unreachable':
      return `Nobody can ever call ${name}: what it demands contradicts itself (${fault.requirement}). Change the requirement, or remove the operation.`
    case 'unreachable-in-tenant':
      return describeUnreachable(name, fault)
    case 'destructive-public':
      return `${name} is marked as destructive, and anybody who reaches the server may call it without signing in. Protect it, and say which role, scope or permission it takes.`
    case 'destructive-for-everybody':
      return `${name} is marked as destructive, and every user may call it: what it asks for (${fault.requirement}) is true of everybody. Say which role, scope or permission it takes.`
    case 'redundant-demand':
      return fault.part === fault.because
        ? `${name} demands ${fault.part} more than once. Say it once: for the class, where it is meant for all of it.`
        : `${name} demands ${fault.part}, which everybody meets who meets its other demand, ${fault.because}. Leave the former out, unless it is there for the whole class, or check that the latter is what you mean.`
    case 'redundant-alternative':
      return fault.part === fault.because
        ? `${name} lists the alternative ${fault.part} more than once. Say it once.`
        : `${name} lists the alternative ${fault.part}, which changes nothing: ${fault.because} is enough by itself. Leave the former out, or make the latter stricter.`
    case 'impossible-alternative':
      return `${name} lists the alternative ${fault.part}, which nobody can ever meet: it contradicts itself. Correct it, or leave it out.`
    case 'too-complex':
      return `${name} could not be checked: what it demands has too many cases to try. It may contradict itself, or say the same twice. Put it more simply, or make several operations of it.`
  }
}

function describeUnreachable(operation: string, fault: Fault & { readonly code: 'unreachable-in-tenant' }): string {
  const { requirement, tenants, uncounted } = fault
  const advice = 'Grant that to somebody, or change the requirement.'
  const facts = `may call ${operation} now: it takes ${requirement}.`
  if (uncounted.length === 0) return `Nobody in ${tenantsInWords(tenants)} ${facts} ${advice}`
  return `Nobody who signs in to ${tenantsInWords(tenants)} here ${facts} Users of other issuers are not counted, whom ${tenantsInWords(uncounted)} may let in. ${advice}`
}

function describeUnknown(operation: string, fault: Fault & { readonly code: 'unknown-name' }): string {
  const noun = nounOf(fault.category)
  const grant = `${noun} ${nameInWords(fault.name)}`
  const tenants = tenantsInWords(fault.tenants)
  const facts =
    fault.sense === 'demanded'
      ? `${operation} asks for ${grant}, which does not exist in ${tenants}, so that nobody can have it there.`
      : `${operation} shuts out ${grant}, which does not exist in ${tenants}: nobody is shut out there, unless a token says that name.`
  const elsewhere = fault.elsewhere.map((category) => ` There is a ${nounOf(category)} of that name.`)
  return `${facts}${elsewhere.join('')}${similarInWords(noun, fault)} Correct the name, or add the ${noun} to the tenant's database.`
}

function describeUnknownService(operation: string, fault: Fault & { readonly code: 'unknown-service' }): string {
  const { service, similar, tenants } = fault
  const facts = `${operation} uses the external service ${quoted(service)}, which does not exist in ${tenantsInWords(tenants)}: its calls fail there.`
  const meant = similar === undefined ? '' : ` Did you mean ${quoted(similar.name)}?`
  return `${facts}${meant} Add it (authsec service add), or correct the name.`
}

const differences: Readonly<Record<Exclude<NameDifference, 'spelling'>, string>> = {
  case: 'in upper and lower case',
  blanks: 'by blanks or invisible characters',
  'look-alike': 'by characters that look alike or hardly show',
}

function similarInWords(noun: string, { similar }: Fault & { readonly code: 'unknown-name' }): string {
  if (similar === undefined) return ''
  const grant = `${noun} ${nameInWords(similar.name)}`
  return similar.difference === 'spelling'
    ? ` Did you mean ${grant}?`
    : ` It differs from ${grant} only ${differences[similar.difference]}.`
}

function tenantsInWords(tenants: readonly string[]): string {
  const names = tenants.map(nameInWords)
  const [last] = names.slice(-1)
  return names.length < 2 ? `tenant ${last}` : `tenants ${names.slice(0, -1).join(', ')} and ${last}`
}
