import { ConnectError } from '../external-service/connect/connect-error.js'
import { ServiceError } from '../error/service-error.js'
import { UpstreamError } from '../error/upstream-error.js'
import { ToolError } from './tool-error.js'

const longestMessage = 8_192

/** Whether something that this server depends on is down. What was thrown may be something that throws when it is looked at. */
export function isOutage(error: unknown): boolean {
  try {
    return error instanceof UpstreamError
  } catch {
    return false
  }
}

/** What a caller is told of a failure, in words that help; `undefined` for everything that only the operator may see. */
export function toldBy(error: unknown, ref: string): string | undefined {
  try {
    if (error instanceof ConnectError) return toldToConnect(error, ref)
    if (error instanceof ServiceError) return toldOfService(error, ref)
    if (error instanceof UpstreamError && error.outage === 'SECRETS_UNAVAILABLE') return secretsUnavailable(error, ref)
    if (!(error instanceof ToolError)) return undefined
    const { message }: { readonly message: unknown } = error
    return typeof message === 'string' ? message.slice(0, longestMessage) : undefined
  } catch {
    return undefined
  }
}

/** The same for an outage in the middle of what an operation does: whoever tries again may do a part of it twice. */
export function toldInBetween(ref: string): string {
  return `The server cannot go on with this at the moment. A part of it may have been done: see what has before you try again (ref ${ref})`
}

/** Whether the operator need not hear of it: the operation said it, or everybody who may use services meets it. */
export function isExpected(error: unknown): boolean {
  try {
    return error instanceof ToolError || (error instanceof ServiceError && expected.has(error.code))
  } catch {
    return false
  }
}

function secretsUnavailable({ mend }: UpstreamError, ref: string): string {
  return mend === 'time'
    ? `The credentials of external services cannot be read at the moment, try again later (ref ${ref})`
    : `The credentials of external services cannot be read: tell the administrator of this server (ref ${ref})`
}

const expected: ReadonlySet<string> = new Set(['ERR_SERVICE_CONNECT', 'ERR_SERVICE_DENIED'])

/** For whoever reads the answer: most often a model, which shows it to the user. */
function toldToConnect({ link, service }: ConnectError, ref: string): string {
  if (link === undefined) {
    return `${service} wants each user to sign in there, which only users with an account of this server can do. Ask your administrator (ref ${ref})`
  }
  return `${service} wants you to sign in there first. Open this link in your browser, allow the access, then ask again: ${link.url} (good for 10 minutes and for you alone; ref ${ref})`
}

function toldOfService({ code, service }: ServiceError, ref: string): string | undefined {
  switch (code) {
    case 'ERR_SERVICE_DENIED':
      return `Not permitted (ref ${ref})`
    case 'ERR_SERVICE_CONNECT':
      return `You have not signed in at ${service} yet (ref ${ref})`
    case 'ERR_SERVICE_CREDENTIAL':
      return `${service} cannot be used: its administrator has to set its credential (ref ${ref})`
    case 'ERR_SERVICE_SETUP':
      return `${service} cannot be used as it is set up: tell its administrator (ref ${ref})`
    case 'ERR_SERVICE_ANSWER':
      return `${service} gave an answer that cannot be used (ref ${ref})`
    case 'ERR_SERVICE_UNREACHABLE':
      return `${service} gave no answer, try again later (ref ${ref})`
    case 'ERR_SERVICE_UNKNOWN':
      return `${service} is not set up here: ask your administrator (ref ${ref})`
    case 'ERR_SERVICE_REQUEST':
    case 'ERR_SERVICE_UNDECLARED':
      return undefined
  }
}
