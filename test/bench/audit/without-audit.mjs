// `node --import` this: a server that puts nothing on record, which no server of ours can be told to be.
import { PostgresAuditLog } from '../../../dist/adapter/postgres/audit/log/postgres-audit-log.js'

PostgresAuditLog.prototype.record = async () => {}
PostgresAuditLog.prototype.retain = () => {}
PostgresAuditLog.prototype.count = () => {}
