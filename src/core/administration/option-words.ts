const secretNames: ReadonlySet<string> = new Set(['clientSecret', 'introspection.clientSecret'])

/** Every value of what was written, by its place. */
export function optionWords(options: unknown, path = ''): ReadonlyMap<string, string> {
  if (options === undefined) return new Map()
  if (typeof options !== 'object' || options === null) return new Map([[path, String(options)]])
  const members = Object.entries(options).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return new Map(members.flatMap(([name, value]) => [...optionWords(value, path === '' ? name : `${path}.${name}`)]))
}

/** What these have and those do not. A secret is on record as having changed, and not as what it is. */
export function differingWords(
  these: ReadonlyMap<string, string>,
  those: ReadonlyMap<string, string>,
): readonly string[] {
  return [...these]
    .filter(([name, value]) => those.get(name) !== value)
    .map(([name, value]) => (secretNames.has(name) ? `${name}:(secret)` : `${name}:${value}`))
}
