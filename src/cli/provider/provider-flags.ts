import type { Command } from 'commander'
import type { ProviderWanted } from '../../app/administration/change-provider.js'
import { RefusedError } from '../../app/refused-error.js'
import { upstreamKinds } from '../../core/federation/upstream-options.js'
import { collect } from '../administration/grant-flags.js'

/** What was said of a provider; whatever is wrong with it is said where it is read. */
export interface ProviderFlags {
  readonly kind?: string
  readonly issuer?: string
  readonly clientId?: string
  readonly scope?: readonly string[]
  readonly authorizationUrl?: string
  readonly tokenUrl?: string
  readonly userinfoUrl?: string
  readonly member?: readonly string[]
  readonly assumePkce?: true
  readonly origin?: readonly string[]
  readonly secretIn?: string
  readonly privateNetwork?: true
  readonly application?: string
  readonly position?: number
}

/** Adds the options that say what a provider is. */
export function addProviderOptions(command: Command): Command {
  return command
    .option('--kind <kind>', `what is known of it: ${upstreamKinds.join(', ')}; always needed`)
    .option('--issuer <url>', 'what it calls itself, byte for byte, where its kind does not say that')
    .option('--client-id <id>', 'our client there; always needed')
    .option('--client-secret-file <file>', 'its secret is what the file holds; - for standard input')
    .option('--scope <scope>', 'what to ask for, if not the usual; again for each further one', collect)
    .option('--application <id>', 'for one server only, by its client id')
    .option('--position <number>', 'where its button stands: the lower, the earlier', Number)
    .option('--origin <origin>', 'where else its endpoints may be; again for each further one', collect)
    .option('--private-network', 'it is in our own network or on this computer')
    .option('--assume-pkce', 'it has PKCE with S256 and does not say so: you have looked it up')
    .option('--authorization-url <url>', 'oauth2 only, as are the following')
    .option('--token-url <url>', 'where codes are exchanged')
    .option('--userinfo-url <url>', 'where it says who somebody is')
    .option('--member <what=name>', 'where that says subject, email, emailVerified or name; again for each', collect)
    .option('--secret-in <place>', 'header or body: where the client secret goes')
}

/** The provider that the flags say. Throws `RefusedError` for what can be none at all. */
export function providerIn(name: string, flags: ProviderFlags, clientSecret: string | undefined): ProviderWanted {
  const { application, kind, position } = flags
  if (position !== undefined && !Number.isSafeInteger(position)) throw new RefusedError('--position is a whole number')
  const options = said({
    issuer: flags.issuer,
    clientId: flags.clientId,
    scopes: flags.scope,
    origins: flags.origin,
    endpoints: emptyAsNothing({
      ...{ authorization: flags.authorizationUrl, token: flags.tokenUrl, userinfo: flags.userinfoUrl },
    }),
    members: flags.member && membersIn(flags.member),
    pkce: flags.assumePkce === true ? 'assumed' : undefined,
    secretIn: flags.secretIn,
    network: flags.privateNetwork === true ? 'private' : undefined,
  })
  return { name, kind, application, position, clientSecret, options }
}

type Members = Readonly<Record<string, unknown>>

function membersIn(values: readonly string[]): Members {
  return Object.fromEntries(
    values.map((value) => {
      const at = value.indexOf('=')
      if (at > 0) return [value.slice(0, at), value.slice(at + 1)]
      throw new RefusedError(`${value} is not of the form --member WHAT=NAME`)
    }),
  )
}

function said(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

function emptyAsNothing(members: Members): Members | undefined {
  const given = said(members)
  return Object.keys(given).length === 0 ? undefined : given
}
