import { ConfigurationError } from '../../error/configuration-error.js'
import type { Protection } from '../protection.js'
import { requirementFromJson, requirementToJson, type RequirementJson } from '../requirement/requirement-json.js'
import type { PolicyReference, Requirement } from '../requirement/requirement.js'

/** A protection as JSON: `{ "access": "protected", "bearerOnly": true, "requirement": { "role": "admin" } }`. */
export type ProtectionJson =
  | { readonly access: 'public' | 'login' }
  | {
      readonly access: 'protected'
      readonly bearerOnly?: true
      readonly elevatable?: true
      readonly requirement: RequirementJson
    }

/** What JSON says, or why it is no protection. */
export type ParsedProtection =
  | { readonly protection: Protection; readonly problem: undefined }
  | { readonly protection: undefined; readonly problem: string }

/** The protection, with its policies by name. */
export function protectionToJson(protection: Protection): ProtectionJson {
  const { access } = protection
  if (access !== 'protected') return { access }
  const bearer = protection.bearerOnly === true ? ({ bearerOnly: true } as const) : {}
  const elevatable = protection.elevatable === true ? ({ elevatable: true } as const) : {}
  return { access, ...bearer, ...elevatable, requirement: requirementToJson(protection.requirement) }
}

/** Reads what `protectionToJson` made. Policies are known by their names alone: each has a class of nobody's. */
export function protectionFromJson(json: Readonly<Record<string, unknown>>): ParsedProtection {
  const { access, bearerOnly, elevatable, requirement, ...others } = json
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) return refuse(`has an unknown member ${JSON.stringify(unknown)}`)
  if (access === 'public' || access === 'login') {
    const bare = [bearerOnly, elevatable, requirement].every((member) => member === undefined)
    return bare ? { protection: { access }, problem: undefined } : refuse(`demands something, although it is ${access}`)
  }
  if (access !== 'protected') return refuse('has no "access": public, login or protected')
  if (bearerOnly !== undefined && bearerOnly !== true) return refuse('has a "bearerOnly" that is not true')
  if (elevatable !== undefined && elevatable !== true) return refuse('has an "elevatable" that is not true')
  try {
    const marks = { ...(bearerOnly === true ? { bearerOnly } : {}), ...(elevatable === true ? { elevatable } : {}) }
    return { protection: { access, requirement: requirementIn(requirement), ...marks }, problem: undefined }
  } catch (error) {
    if (error instanceof ConfigurationError) return refuse(`has no sound "requirement": ${error.message}`)
    throw error
  }
}

/** What classes and methods demand together may be larger than what can be demanded in one place: part by part it is not. */
function requirementIn(json: unknown): Requirement {
  const [[member, parts] = [], ...others] = typeof json === 'object' && json !== null ? Object.entries(json) : []
  if (member !== 'allOf' || others.length > 0 || !Array.isArray(parts) || parts.length === 0) {
    return requirementFromJson(json, policyNamed)
  }
  return { kind: 'allOf', of: parts.map((part: unknown) => requirementFromJson(part, policyNamed)) }
}

function policyNamed(name: string): PolicyReference {
  return { name, key: AbsentPolicy, milliseconds: 1 }
}

class AbsentPolicy {
  decide(): 'deny' {
    return 'deny'
  }
}

function refuse(problem: string): ParsedProtection {
  return { protection: undefined, problem }
}
