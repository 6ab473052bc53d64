/** One line of a table, or one object of a list, as its file has it. */
export interface ImportRecord {
  /** Where it begins, counted from 1. */
  readonly line: number
  /** By column; of what type is up to the file. */
  readonly members: ReadonlyMap<string, unknown>
}

/** Something in a file that cannot be imported. */
export interface LineFault {
  readonly line: number
  /** A sentence without its full stop. */
  readonly problem: string
}

/** What a file has, and what is wrong with its form. */
export interface Parsed {
  readonly records: readonly ImportRecord[]
  readonly faults: readonly LineFault[]
  /** Of a table: they are there though no line may be. */
  readonly columns?: { readonly line: number; readonly names: readonly string[] }
}

/** The first of them that has been there before. */
export function firstTwice(texts: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (const text of texts) {
    if (seen.has(text)) return text
    seen.add(text)
  }
  return undefined
}
