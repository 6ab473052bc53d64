import type { PasswordRules } from '../../../core/federation/provider/password-rules.js'
import type { Tenant } from '../../../core/identity/tenant.js'

/** Whether somebody has signed in (`amr`, RFC 8176) with a password that lets nobody of the tenant in any more. Throws `UpstreamError`. */
export async function isRefusedPassword(
  refusing: PasswordRules['refusing'],
  methods: readonly string[] | undefined,
  { id }: Pick<Tenant, 'id'>,
): Promise<boolean> {
  return methods?.includes('pwd') === true && (await refusing()).has(id)
}
