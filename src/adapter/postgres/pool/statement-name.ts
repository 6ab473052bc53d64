const mostNames = 200

const names = new Map<string, string>()

/**
 * The name under which a connection keeps this statement prepared: planning what a caller is granted costs more than reading it.
 * `undefined` once there are too many, so that statements written on the fly cannot pile up in the server.
 */
export function statementName(sql: string): string | undefined {
  const known = names.get(sql)
  if (known !== undefined || names.size >= mostNames) return known
  const name = `authsec_${names.size}`
  names.set(sql, name)
  return name
}
