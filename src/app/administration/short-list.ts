const mostNamed = 20

/** A list as a sentence or a cell can hold it: the first names, and how many more there are. */
export function shortList(names: readonly string[]): string {
  const shown = names.slice(0, mostNamed).join(', ')
  return names.length > mostNamed ? `${shown} and ${names.length - mostNamed} more` : shown
}
