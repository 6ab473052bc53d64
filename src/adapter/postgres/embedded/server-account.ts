/** A user of the operating system that the server runs as, when it is not the user of this process. */
export interface ServerAccount {
  readonly uid: number
  readonly gid: number
}

/** Whether this process is root, as whom PostgreSQL refuses to run. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/** The user id the server has (or will have) for this account. */
export function serverUserId(account: ServerAccount | undefined): number | undefined {
  return account?.uid ?? process.geteuid?.()
}
