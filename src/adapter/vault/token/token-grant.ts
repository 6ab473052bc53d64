import { Secret } from '../../../core/credential/secret.js'
import { VaultAnswer } from '../connection/vault-answer.js'
import { VaultError } from '../connection/vault-error.js'

/** A token of Vault, and what it is good for. */
export interface TokenGrant {
  readonly token: Secret
  /** How long from now on; 0: for good. */
  readonly seconds: number
  readonly renewable: boolean
  readonly policies: readonly string[]
}

/** What a login answers with (`auth` of the envelope). Throws `VaultError`. */
export function grantOf(auth: unknown): TokenGrant {
  const answer = VaultAnswer.of(auth)
  return {
    token: new Secret(answer.text('client_token')),
    seconds: answer.count('lease_duration'),
    renewable: answer.flag('renewable'),
    policies: policiesIn(answer),
  }
}

/** What Vault says about a token that we have. Throws `VaultError`. */
export function grantOfToken(token: Secret, lookup: unknown): TokenGrant {
  const answer = VaultAnswer.of(lookup)
  const [seconds, renewable] = [answer.count('ttl'), answer.flag('renewable')]
  return { token, seconds, renewable, policies: policiesIn(answer) }
}

/** Throws `VaultError` (`root-token`) for a token that may do everything: a server that is broken into must not give away all of Vault. */
export function requireNoRoot({ policies }: TokenGrant): void {
  if (!policies.includes('root')) return
  const advice = 'give this server a login with the policy that `authsec vault doctor` prints'
  throw new VaultError({ kind: 'root-token' }, `the token for Vault is a root token, which is not used: ${advice}`)
}

function policiesIn(answer: VaultAnswer): readonly string[] {
  const names = ['policies', 'token_policies', 'identity_policies']
  return [...new Set(names.filter((name) => answer.has(name)).flatMap((name) => answer.texts(name)))]
}
