/** Of whom nothing was said, by the tenants that may let them in; nothing where there are none. */
export function notCounted(tenants: readonly string[]): readonly string[] {
  return tenants.length === 0 ? [] : [`Users of other issuers are not counted (${tenants.join(', ')}).`]
}
