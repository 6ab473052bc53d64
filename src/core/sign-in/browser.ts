/** The web browser of the machine that the server runs on. */
export interface Browser {
  /** Opens an address; `false` where no browser could be started. Never throws. */
  open(url: string): Promise<boolean>
}
