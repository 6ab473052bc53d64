// One of several processes that write the audit trail of one tenant at the same time.
import { setTimeout as pause } from 'node:timers/promises'
import { MasterKey } from '../../dist/core/credential/master-key.js'
import { openPostgres } from '../../dist/adapter/postgres/open-postgres.js'

const { beginAt, connection, masterDatabase, masterKey, ownIssuer, rows, tenant } = JSON.parse(process.env.WRITER)
const atOnce = 100
const postgres = await openPostgres({
  ...{ connection, masterDatabase, ownIssuer, log: { write: () => undefined } },
  masterKey: MasterKey.parse(masterKey),
})
let left = rows / 2

async function write() {
  while (left > 0) {
    left -= 1
    const id = `${process.pid} ${left}`
    const event = { tenant, requestId: id, intentId: id, operation: 'deploy', subject: `user ${left % 7}` }
    await postgres.audit.record({ ...event, type: 'operation.allowed', detail: { via: ['roles:admin'] } })
    await postgres.audit.record({ ...event, type: 'operation.outcome', reason: 'succeeded', milliseconds: 0.5 })
  }
}

// All of them together.
await pause(Math.max(0, beginAt - Date.now()))
await Promise.all(Array.from({ length: atOnce }, write))
await postgres.close()
