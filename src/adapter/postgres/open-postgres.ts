import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Keyring } from '../../core/credential/keyring.js'
import type { AuditReader } from '../../core/audit/audit-reader.js'
import type { UnsentAudit } from '../../core/audit/stream/unsent-audit.js'
import type { AuditEvent } from '../../core/audit/audit-event.js'
import type { MasterKey } from '../../core/credential/master-key.js'
import type { ApplicationAdministration } from '../../core/administration/application-administration.js'
import type { IssuerAdministration } from '../../core/administration/issuer-administration.js'
import type { ProviderAdministration } from '../../core/administration/provider-administration.js'
import type { ConnectionAdministration, LinkStore } from '../../core/external-service/connect/connection-store.js'
import type { ServiceAdministration } from '../../core/administration/service-administration.js'
import type { TenantAdministration } from '../../core/administration/tenant-administration.js'
import type { FederatedAccounts } from '../../core/federation/entry/federated-accounts.js'
import type { FederationStore } from '../../core/federation/federation-store.js'
import type { RotationStore } from '../../core/external-service/rotation/rotation-store.js'
import type { AccountFactorStore } from '../../core/identity/account-factor-store.js'
import type { AccountLinkStore } from '../../core/identity/account-link-store.js'
import type { PasswordRules } from '../../core/federation/provider/password-rules.js'
import type { KeptTokenStore } from '../../core/federation/token/kept-tokens.js'
import type { AccountStore } from '../../core/identity/account-store.js'
import type { ApplicationStore } from '../../core/identity/application.js'
import type { IssuerStorage } from '../../core/identity/issuer-storage.js'
import type { OwnedRecords } from '../../core/identity/issuer-storage.js'
import type { LogoutRegistry } from '../../core/identity/logout-registry.js'
import type { SignInSource, TransportSource } from '../../core/identity/session-source.js'
import type { SessionStore } from '../../core/identity/session-store.js'
import type { SigningKeyStore } from '../../core/identity/signing-key-store.js'
import type { TenantRegistry } from '../../core/identity/tenant.js'
import type { GrantStore } from '../../core/permission/grant-store.js'
import type { Log } from '../../core/runtime/log.js'
import type { RateLimiter } from '../../core/runtime/rate-limiter.js'
import type { Tracer } from '../../core/runtime/tracer.js'
import type { DatabaseVitals } from '../../core/runtime/vitals.js'
import type { SessionFeed } from '../../core/runtime/session-feed.js'
import type { LoginStore } from '../../core/sign-in/login-store.js'
import type { SignInStore } from '../../core/sign-in/sign-in-store.js'
import type { UpstreamTokenStore } from '../../core/sign-in/upstream-tokens.js'
import { PolicyVersions } from './change/policy-versions.js'
import { PostgresChangeFeed } from './change/postgres-change-feed.js'
import { PostgresSessionFeed } from './change/postgres-session-feed.js'
import type { ConnectionSettings } from './connection-settings.js'
import { limitsFor } from './connection-budget.js'
import { Databases, type DatabasesOptions } from './databases.js'
import { LocalVault } from './credential/local-vault.js'
import { KeyAdministration } from './key/key-administration.js'
import { StoredKeyring } from './key/stored-keyring.js'
import { Provisioner } from './provision/provisioner.js'
import { PostgresFederatedAccounts } from './federation/postgres-federated-accounts.js'
import { PostgresFederationStore } from './federation/postgres-federation-store.js'
import { PostgresKeptTokenStore } from './federation/postgres-kept-token-store.js'
import { PostgresPasswordRules } from './federation/postgres-password-rules.js'
import { PostgresProviderStore } from './federation/postgres-provider-store.js'
import { PostgresConnectionStore } from './service/postgres-connection-store.js'
import { PostgresLinkStore } from './service/postgres-link-store.js'
import { PostgresRotationStore } from './service/postgres-rotation-store.js'
import { PostgresServiceStore } from './service/postgres-service-store.js'
import { PostgresApplicationAdministration } from './store/postgres-application-administration.js'
import { PostgresAccountFactorStore } from './store/postgres-account-factor-store.js'
import { PostgresAccountLinkStore } from './store/postgres-account-link-store.js'
import { PostgresAccountStore } from './store/postgres-account-store.js'
import { PostgresApplicationStore } from './store/postgres-application-store.js'
import { AuditKeeper } from './audit/keep/audit-keeper.js'
import { AuditMaintenance } from './audit/keep/audit-maintenance.js'
import { PostgresAuditLog } from './audit/log/postgres-audit-log.js'
import { AuditArchive } from './audit/read/audit-archive.js'
import { PostgresAuditReader } from './audit/read/postgres-audit-reader.js'
import { PostgresUnsentAudit } from './audit/read/postgres-unsent-audit.js'
import { PostgresGrantStore } from './store/postgres-grant-store.js'
import { PostgresIssuerStorage } from './store/postgres-issuer-storage.js'
import { PostgresIssuerStore } from './store/postgres-issuer-store.js'
import { PostgresLogoutRegistry } from './store/postgres-logout-registry.js'
import { PostgresLoginStore } from './store/postgres-login-store.js'
import { PostgresOwnedRecords } from './store/postgres-owned-records.js'
import { PostgresRateLimiter } from './store/postgres-rate-limiter.js'
import { PostgresSessionStore } from './store/postgres-session-store.js'
import { PostgresSignInStore } from './store/postgres-sign-in-store.js'
import { PostgresSignInSource } from './store/postgres-sign-in-source.js'
import { PostgresTransportSource } from './store/postgres-transport-source.js'
import { PostgresSigningKeyStore } from './store/postgres-signing-key-store.js'
import { PostgresTenantAdministration } from './store/postgres-tenant-administration.js'
import { PostgresTenantRegistry } from './store/postgres-tenant-registry.js'
import { PostgresUpstreamTokenStore } from './store/postgres-upstream-token-store.js'
import { untilMasterStands } from './until-master-stands.js'
import { Sweeper } from './sweeper.js'
import { MigrationRun } from './tenant/migration-run.js'
import { TenantDirectory } from './tenant/tenant-directory.js'

export interface PostgresOptions {
  readonly connection: ConnectionSettings
  /** The way past a pooler that shares connections between transactions: hints of changes cannot be heard through one. */
  readonly direct?: ConnectionSettings | undefined
  /** `authsec` unless told; created where it is absent. */
  readonly masterDatabase?: string | undefined
  /** Opens the installation's keys. Those that it had before, if they may still be needed, follow. */
  readonly masterKey: MasterKey
  readonly earlierMasterKeys?: readonly MasterKey[] | undefined
  /** The issuer whose tokens name tenants by slug and accounts by id. */
  readonly ownIssuer: string
  readonly log: Log
  readonly tracer?: Tracer | undefined
  /** Hears of each event of the audit trail in this process. */
  readonly onEvent?: ((event: AuditEvent) => void) | undefined
  /** How long to wait for a cluster that does not answer, in milliseconds; 5000 unless told. */
  readonly patience?: number | undefined
  /** How many connections to hold at most, the listener's included; 50 unless told. */
  readonly connections?: number | undefined
  /** How many days rows of the audit trail stay; for good unless told. */
  readonly auditRetentionDays?: number | undefined
  readonly limits?: Partial<Pick<DatabasesOptions, 'masterLimits' | 'tenantLimits' | 'times'>> | undefined
}

/** Everything that is kept in PostgreSQL, behind the ports of core. */
export interface Postgres {
  /** Seals and digests whatever this installation stores. */
  readonly keys: Keyring
  readonly keyAdministration: KeyAdministration
  readonly tenants: TenantRegistry
  readonly accounts: AccountStore
  readonly accountFactors: AccountFactorStore
  readonly accountLinks: AccountLinkStore
  readonly applications: ApplicationStore
  readonly grants: GrantStore
  readonly signingKeys: SigningKeyStore
  readonly issuerStorage: IssuerStorage
  /** Issuers of others whose tokens are accepted. */
  readonly trustedIssuers: IssuerAdministration
  /** Identity providers of the tenants, and who signs in with them. */
  readonly federation: FederationStorage
  /** Services of others that tenants use. */
  readonly services: ServiceAdministration
  /** Users who sign in at services. */
  readonly connect: { readonly links: LinkStore; readonly connections: ConnectionAdministration }
  /** How far the rotations of their credentials have come. */
  readonly rotations: RotationStore
  /** Their credentials, where no secrets manager has them. */
  readonly localVault: LocalVault
  readonly logins: LoginStore
  /** What issuers of others have told us to be over. */
  readonly logouts: LogoutRegistry
  readonly signIns: SignInStore
  readonly upstreamTokens: UpstreamTokenStore
  readonly sessions: SessionStore
  readonly rateLimiter: RateLimiter
  /** What `SessionDirectory` looks into. */
  readonly directory: DirectorySources
  /** Hears of the changes of other processes once it follows. */
  readonly changes: PostgresChangeFeed
  /** What other processes do to sessions, heard once `changes` follows. */
  readonly notices: SessionFeed
  readonly audit: PostgresAuditLog
  readonly auditReader: AuditReader
  /** How far the trail was sent elsewhere. */
  readonly unsentAudit: UnsentAudit
  readonly auditMaintenance: AuditMaintenance
  readonly provisioner: Provisioner
  readonly tenantDirectory: TenantDirectory
  readonly migrations: MigrationRun
  readonly tenantAdministration: TenantAdministration
  readonly applicationAdministration: ApplicationAdministration
  /** How it is doing at this moment; asks nobody. */
  readonly vitals: () => DatabaseVitals
  /** Throws `UpstreamError` unless the master database answers. */
  ping(): Promise<void>
  /** Removes what has expired, as is done every five minutes; answers with the number of rows. */
  sweep(): Promise<number>
  /** Writes what audit has counted, then closes every connection. */
  close(): Promise<void>
}

/** What signing in with identity providers keeps. */
export interface FederationStorage {
  readonly providers: ProviderAdministration
  readonly transactions: FederationStore
  readonly accounts: FederatedAccounts
  readonly tokens: KeptTokenStore
  readonly passwords: PasswordRules
}

/** Sessions of every kind by whose they are. */
export interface DirectorySources {
  readonly signIns: SignInSource
  readonly transports: TransportSource
  readonly records: OwnedRecords
}

const defaultMaster = 'authsec'
const defaultPatience = 5000
const usualConnections = 50
/** At the end; what is cut off then is undone by the databases. */
const mostKeepingMilliseconds = 2000

/**
 * Opens the cluster: the master database is created and migrated where needed. Throws `ConfigurationError` when the cluster refuses us,
 * `UpstreamError` when it does not answer within the patience.
 */
export async function openPostgres(options: PostgresOptions): Promise<Postgres> {
  const { connection, ownIssuer, log } = options
  const masterDatabase = options.masterDatabase ?? defaultMaster
  const masterKeys = [options.masterKey, ...(options.earlierMasterKeys ?? [])]
  const keys = new StoredKeyring(masterKeys, log)
  const databases = new Databases({
    ...{ connection, masterDatabase, keys, log, tracer: options.tracer },
    ...limitsFor(options.connections ?? usualConnections),
    ...options.limits,
  })
  const master = databases.master()
  try {
    await untilMasterStands(databases, performance.now() + (options.patience ?? defaultPatience))
    await keys.load(master)
  } catch (error) {
    await databases.close()
    throw error
  }
  const archive = new AuditArchive(databases, keys)
  const audit = new PostgresAuditLog(databases, log, options.onEvent)
  const tenants = new PostgresTenantRegistry(master, ownIssuer)
  const changes = new PostgresChangeFeed({ connection: options.direct ?? connection, masterDatabase, master, log })
  const notices = new PostgresSessionFeed({ carrier: changes, master, keyring: keys, log })
  const signIns = new PostgresSignInStore({
    ...{ databases, keyring: keys, ownIssuer, audit, log },
    feed: notices,
    onEvent: options.onEvent,
  })
  const provisioner = new Provisioner(databases, keys)
  const rateLimiter = new PostgresRateLimiter(master, keys)
  const signingKeys = new PostgresSigningKeyStore({ master, keyring: keys, feed: notices, trail: databases.trail })
  const keptTokens = new PostgresKeptTokenStore(databases, keys)
  const services = new PostgresServiceStore({ databases, changes, ownIssuer })
  const auditMaintenance = new AuditMaintenance(databases)
  const retentionDays = options.auditRetentionDays
  const auditKeeper = new AuditKeeper({ maintenance: auditMaintenance, turns: rateLimiter, retentionDays, log })
  const sweeper = new Sweeper({ master, tenants, signIns, keptTokens, audit, turns: rateLimiter, log })
  return {
    keys,
    keyAdministration: new KeyAdministration({ databases, keys, masterKeys, signingKeys }),
    tenants,
    accounts: new PostgresAccountStore(databases, changes),
    accountFactors: new PostgresAccountFactorStore(databases, keys),
    accountLinks: new PostgresAccountLinkStore(databases),
    applications: new PostgresApplicationStore(master),
    grants: new PostgresGrantStore(databases, ownIssuer, new PolicyVersions(changes)),
    signingKeys,
    issuerStorage: new PostgresIssuerStorage(master),
    trustedIssuers: new PostgresIssuerStore(master, keys, databases.trail),
    federation: {
      providers: new PostgresProviderStore({ master, keyring: keys, tokens: keptTokens, trail: databases.trail }),
      transactions: new PostgresFederationStore(master, keys),
      accounts: new PostgresFederatedAccounts(databases, changes),
      tokens: keptTokens,
      passwords: new PostgresPasswordRules(master, databases.trail),
    },
    services,
    connect: { links: new PostgresLinkStore(databases), connections: new PostgresConnectionStore(databases) },
    rotations: new PostgresRotationStore({ databases, changes, services }),
    localVault: new LocalVault(databases),
    logins: new PostgresLoginStore(master, keys),
    logouts: new PostgresLogoutRegistry(master),
    signIns,
    upstreamTokens: new PostgresUpstreamTokenStore(databases, keys),
    sessions: new PostgresSessionStore({ master, keyring: keys, ownIssuer, feed: notices }),
    rateLimiter,
    directory: {
      signIns: new PostgresSignInSource({ databases, keyring: keys, ownIssuer }),
      transports: new PostgresTransportSource(master, keys),
      records: new PostgresOwnedRecords(master),
    },
    changes,
    notices,
    audit,
    auditReader: new PostgresAuditReader(archive),
    unsentAudit: new PostgresUnsentAudit(archive, options.log),
    auditMaintenance,
    provisioner,
    tenantDirectory: new TenantDirectory({ databases, provisioner, changes, keys }),
    migrations: new MigrationRun(databases, keys),
    tenantAdministration: new PostgresTenantAdministration(databases, changes),
    applicationAdministration: new PostgresApplicationAdministration(master, databases.trail),
    vitals: () => ({ pools: databases.pools, auditBacklog: audit.backlog, changeFeedAlive: changes.alive }),
    async ping() {
      await sql`select 1`.execute(master)
    },
    sweep: () => sweeper.sweep(),
    async close() {
      keys.close()
      try {
        const keeping = auditKeeper.stop()
        await changes.close()
        await sweeper.stop()
        await signIns.close()
        // Before whatever the keeper may be waiting for: nobody else has these rows.
        await audit.close()
        await Promise.race([keeping, pause(mostKeepingMilliseconds, undefined, { ref: false })])
        await archive.close()
      } finally {
        await databases.close()
      }
    },
  }
}
