import type { Command } from 'commander'
import { nounOf, categories } from '../core/permission/grants.js'

type MakeCommand = (env: NodeJS.ProcessEnv) => Promise<Command>

/** Each in the order of the help, and loaded only where it is needed: a command line runs one of them. */
const commands: Readonly<Record<string, MakeCommand>> = {
  token: async (env) => (await import('./token-command.js')).tokenCommand(env),
  account: async (env) => (await import('./account/account-command.js')).accountCommand(env),
  tenant: async (env) => (await import('./tenant/tenant-command.js')).tenantCommand(env),
  grant: async (env) => (await import('./grant-command.js')).grantCommand(env),
  'access-rule': async (env) => (await import('./access-rule-command.js')).accessRuleCommand(env),
  application: async (env) => (await import('./application-command.js')).applicationCommand(env),
  issuer: async (env) => (await import('./issuer/issuer-command.js')).issuerCommand(env),
  provider: async (env) => (await import('./provider/provider-command.js')).providerCommand(env),
  service: async (env) => (await import('./service/service-command.js')).serviceCommand(env),
  vault: async (env) => (await import('./vault/vault-command.js')).vaultCommand(env),
  session: async (env) => (await import('./session/session-command.js')).sessionCommand(env),
  audit: async (env) => (await import('./audit/audit-command.js')).auditCommand(env),
  migrate: async (env) => (await import('./migrate/migrate-command.js')).migrateCommand(env),
  keys: async (env) => (await import('./key/keys-command.js')).keysCommand(env),
  'leak-test': async () => (await import('./leak-test-command.js')).leakTestCommand(),
  matrix: async (env) => (await import('./permission/matrix-command.js')).matrixCommand(env),
  why: async (env) => (await import('./permission/why-command.js')).whyCommand(env),
  'who-can': async (env) => (await import('./permission/who-can-command.js')).whoCanCommand(env),
  graph: async () => (await import('./permission/graph-command.js')).graphCommand(),
  lint: async (env) => (await import('./permission/lint-command.js')).lintCommand(env),
  ...Object.fromEntries(
    categories.map((category): [string, MakeCommand] => [
      nounOf(category),
      async (env) => (await import('./name/name-command.js')).nameCommand(env, category),
    ]),
  ),
}

/** The command that the first word names; all of them where it names none, so that help and suggestions know them. */
export async function commandsFor([word = '']: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly Command[]> {
  const named = Object.hasOwn(commands, word) ? commands[word] : undefined
  return Promise.all((named === undefined ? Object.values(commands) : [named]).map((make) => make(env)))
}
