import { credentialStoreContract } from '../../support/credential-store-contract.js'
import { contracted } from '../../support/vault/vault-contract.js'
import { VaultSite } from '../../support/vault/vault-site.js'

credentialStoreContract(async () => {
  const site = await VaultSite.open()
  const { credentials } = await site.enter()
  return contracted(credentials, () => site.close())
})
