/** Which program sends records elsewhere, and from where. */
export interface AuditOrigin {
  /** Of this product. */
  readonly version: string
  readonly host: string
  /** Of the process. */
  readonly process: string
}
