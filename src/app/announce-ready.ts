import type { RunningApp } from './start-server.js'

/** Prints the ready lines, and once the passwords of accounts that were made just now. */
export function announceReady(running: RunningApp): void {
  const lines = [`AuthSec ready: ${running.url}`, `AuthSec OAuth: ${running.oauthUrl}`]
  if (running.created.length > 0) {
    lines.push('', `Local accounts (kept in ${running.accountsFile}, shown once):`)
    for (const { email, password, tenant } of running.created) lines.push(`  ${email}  ${password}  (${tenant})`)
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}
