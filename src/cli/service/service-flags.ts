import type { Command } from 'commander'
import { RefusedError } from '../../app/refused-error.js'
import { serviceAuthTypes } from '../../core/external-service/read-service-auth.js'
import { collect } from '../administration/grant-flags.js'

/** What was said of a service; whatever is wrong with it is said where it is read. */
export interface ServiceFlags {
  readonly url?: string
  readonly auth?: string
  readonly header?: string
  readonly query?: string
  readonly prefix?: string
  readonly grant?: string
  readonly tokenUrl?: string
  readonly authorizationUrl?: string
  readonly issuer?: string
  readonly revocationUrl?: string
  readonly oauthScope?: readonly string[]
  readonly secretIn?: string
  readonly role?: readonly string[]
  readonly requirement?: string
  readonly everybody?: true
  readonly dynamic?: string
  readonly static?: string
  readonly description?: string
  readonly tag?: readonly string[]
  readonly privateNetwork?: true
  readonly rotateEvery?: string
  readonly checkPath?: string
}

/** Adds the options that say what a service is. */
export function addServiceOptions(command: Command): Command {
  return command
    .option('--url <url>', 'origin and where all its paths begin, such as https://api.github.com; always needed')
    .option('--auth <type>', `what it takes: ${serviceAuthTypes.join(', ')}; always needed`)
    .option('--role <name>', 'who may use it: whoever has one of these roles; again for each further one', collect)
    .option('--requirement <json>', 'who may use it, as JSON, such as {"permissions":["issue:read"]}')
    .option('--everybody', 'everybody whom an operation lets in may use it')
    .option('--header <name>', 'api_key: the header that the key goes into')
    .option('--query <name>', 'api_key: the parameter of the query that it goes into')
    .option('--prefix <text>', 'api_key: what stands before it in the header, such as "Token "')
    .option('--grant <grant>', 'oauth2: client_credentials, or authorization_code where each user signs in there')
    .option('--token-url <url>', 'oauth2: where tokens are had')
    .option('--authorization-url <url>', 'oauth2: where users sign in')
    .option(
      '--issuer <url>',
      'authorization_code: what the service calls itself; without the two URLs it is asked for them',
    )
    .option('--revocation-url <url>', 'authorization_code: where tokens are taken back')
    .option('--oauth-scope <scope>', 'oauth2: what to ask for; again for each further one', collect)
    .option('--secret-in <place>', 'oauth2: header or body, where the client secret goes')
    .option('--dynamic <path>', 'its credential is made by Vault under this path, such as database/creds/reports')
    .option('--static <path>', 'its credential is of a static role of Vault, such as database/static-creds/reports')
    .option('--description <text>', 'what it is')
    .option('--tag <tag>', 'for lists; again for each further one', collect)
    .option('--rotate-every <span>', 'how often its credential is replaced by itself, such as 30d or 12h')
    .option('--check-path <path>', 'what it is asked for with a new credential, before that is used')
    .option('--private-network', 'it is in our own network or on this computer')
}

/** What was said of a part of a service; a text that is empty takes away what was there. */
export interface ServicePartFlags extends Pick<
  ServiceFlags,
  'checkPath' | 'description' | 'everybody' | 'privateNetwork' | 'requirement' | 'role' | 'rotateEvery' | 'tag' | 'url'
> {
  readonly publicNetwork?: true
}

/** Adds the options that change a part of what a service is. */
export function addServicePartOptions(command: Command): Command {
  return command
    .option('--url <url>', 'origin and where all its paths begin; it keeps its credential only within where it is now')
    .option('--role <name>', 'who may use it: whoever has one of these roles; again for each further one', collect)
    .option('--requirement <json>', 'who may use it, as JSON, such as {"permissions":["issue:read"]}')
    .option('--everybody', 'everybody whom an operation lets in may use it')
    .option('--description <text>', 'what it is; "" for nothing')
    .option('--tag <tag>', 'in place of all that it has; again for each further one; "" for none', collect)
    .option('--rotate-every <span>', 'how often its credential is replaced by itself, such as 30d; "" for never')
    .option('--check-path <path>', 'what it is asked for with a new credential, before that is used; "" for nothing')
    .option('--private-network', 'it is in our own network or on this computer')
    .option('--public-network', 'it is not')
}

/** The options that the flags say are to be others. Throws `RefusedError` for what can be none at all. */
export function servicePartIn(flags: ServicePartFlags): Members {
  if (flags.privateNetwork === true && flags.publicNetwork === true) {
    throw new RefusedError('say one of --private-network and --public-network')
  }
  const rotation = { ...emptied('every', flags.rotateEvery), ...emptied('check', flags.checkPath) }
  return {
    ...said({ url: flags.url, requirement: requirementIn(flags), tags: flags.tag?.filter((tag) => tag !== '') }),
    ...emptied('description', flags.description),
    ...(Object.keys(rotation).length === 0 ? {} : { rotation }),
    ...(flags.privateNetwork === true ? { network: 'private' } : {}),
    ...(flags.publicNetwork === true ? { network: 'public' } : {}),
  }
}

function emptied(name: string, text: string | undefined): Members {
  return text === undefined ? {} : { [name]: text === '' ? undefined : text }
}

type Members = Readonly<Record<string, unknown>>

/** The options of a service that the flags say. Throws `RefusedError` for what can be none at all. */
export function serviceOptionsIn(flags: ServiceFlags): Members {
  const auth = said({
    type: flags.auth,
    in: flags.query === undefined ? undefined : 'query',
    name: oneOf(flags, 'header', 'query'),
    prefix: flags.prefix,
    grant: flags.grant,
    tokenEndpoint: flags.tokenUrl,
    authorizationEndpoint: flags.authorizationUrl,
    issuer: flags.issuer,
    revocationEndpoint: flags.revocationUrl,
    scopes: flags.oauthScope,
    secretIn: flags.secretIn,
  })
  const path = oneOf(flags, 'dynamic', 'static')
  const rotation = said({ every: flags.rotateEvery, check: flags.checkPath })
  return said({
    ...{ url: flags.url, auth, requirement: requirementIn(flags) },
    source: path === undefined ? undefined : { from: flags.dynamic === undefined ? 'static' : 'dynamic', path },
    rotation: Object.keys(rotation).length === 0 ? undefined : rotation,
    description: flags.description,
    tags: flags.tag,
    network: flags.privateNetwork === true ? 'private' : undefined,
  })
}

function requirementIn({ everybody, requirement, role }: ServiceFlags): unknown {
  const ways = [everybody, requirement, role].filter((way) => way !== undefined)
  if (ways.length > 1) throw new RefusedError('say one of --role, --requirement and --everybody')
  if (everybody === true) return {}
  if (role !== undefined) return { roles: [...new Set(role)] }
  if (requirement === undefined) return undefined
  try {
    return JSON.parse(requirement)
  } catch {
    throw new RefusedError(`--requirement is no JSON, such as {"roles":["admin"]}`)
  }
}

function oneOf<Name extends 'dynamic' | 'header' | 'query' | 'static'>(
  flags: ServiceFlags,
  one: Name,
  other: Name,
): string | undefined {
  if (flags[one] === undefined || flags[other] === undefined) return flags[one] ?? flags[other]
  throw new RefusedError(`say one of --${one} and --${other}`)
}

function said(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
