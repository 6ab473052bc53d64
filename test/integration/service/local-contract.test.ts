import { randomUUID } from 'node:crypto'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import { credentialStoreContract } from '../../support/credential-store-contract.js'
import { openTestPostgres } from '../../support/postgres.js'

credentialStoreContract(async () => {
  const test = await openTestPostgres()
  const keys = [MasterKey.generate()]
  let tenants = 0
  return {
    store: test.postgres.localVault.open(async () => keys),
    tenant: () => {
      tenants += 1
      return test.postgres.provisioner.createTenant({ slug: `tenant-${tenants}`, name: 'Tenant' })
    },
    service: async () => randomUUID(),
    account: async () => randomUUID(),
    close: () => test.close(),
  }
})
