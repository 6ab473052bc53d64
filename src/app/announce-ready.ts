import type { LocalAccount } from './development/local-accounts.js'
import type { RunningApp } from './start-server.js'
import type { RunningStdio } from './start-stdio.js'

/** Prints the ready lines, and once the passwords of accounts that were made just now. */
export function announceReady({ accountsFile, created, metricsUrl, oauthUrl, url }: RunningApp): void {
  const lines = [`AuthSec ready: ${url}`]
  if (oauthUrl !== undefined) lines.push(`AuthSec OAuth: ${oauthUrl}`)
  if (metricsUrl !== undefined) lines.push(`AuthSec metrics: ${metricsUrl}`)
  if (created.length > 0) {
    lines.push('', `Local accounts (kept in ${accountsFile}, shown once):`)
    for (const account of created) lines.push(`  ${account.email}  ${account.password}  (${account.tenant})`)
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** The same on standard error. Clients keep what comes there in their logs, so the passwords are only said to be in their file. */
export function announceStdio({ accountsFile, created, pagesUrl }: RunningStdio): void {
  const lines = ['AuthSec ready: stdio', `AuthSec sign-in pages: ${pagesUrl}`]
  if (created.length > 0) lines.push(`Local accounts, with passwords in ${accountsFile}: ${addressesOf(created)}`)
  process.stderr.write(`${lines.join('\n')}\n`)
}

function addressesOf(accounts: readonly LocalAccount[]): string {
  return accounts.map(({ email, tenant }) => `${email} (${tenant})`).join(', ')
}
