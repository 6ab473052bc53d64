/** Members of the parts of an answer that say what a part is: a reader does not see them between what the parts say. */
const formal: ReadonlySet<string> = new Set(['mimeType', 'type'])
/** What stands beside the words of a part, and is not read. */
const beside: ReadonlySet<string> = new Set(['_meta', 'annotations'])

type Members = readonly (readonly [string, unknown])[]

/** Every text in a value of JSON, names of members included, in the order in which they are read. */
export function textsIn(value: unknown): readonly string[] {
  return walk(value, (members) => members.flat())
}

/** What a reader sees of an answer, one part after the other: the values, without what names and types them. */
export function shownIn(value: unknown): readonly string[] {
  return walk(value, (members) => members.filter(([name]) => !formal.has(name)).map(([, member]) => member))
}

/** The words of an answer alone, one part after the other, whatever stands beside them; those of a file as a reader opens it. */
export function wordsIn(value: unknown): readonly string[] {
  return walk(value, (members) =>
    members.flatMap(([name, member]) => {
      if (name === 'blob' && typeof member === 'string') return [Buffer.from(member, 'base64').toString()]
      const isRead = name === 'text' || (typeof member === 'object' && !beside.has(name))
      return isRead ? [member] : []
    }),
  )
}

/** Each object once: what is thrown may lead back to itself. Bytes are no texts, and may be many. */
function walk(value: unknown, within: (members: Members) => readonly unknown[]): readonly string[] {
  const texts: string[] = []
  const seen = new Set<object>()
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next === 'string') texts.push(next)
    else if (typeof next === 'number' || typeof next === 'bigint') texts.push(String(next))
    else if (typeof next === 'object' && next !== null && !ArrayBuffer.isView(next) && !seen.has(next)) {
      seen.add(next)
      const inner: readonly unknown[] = Array.isArray(next) ? next : within(Object.entries(next))
      for (let index = inner.length - 1; index >= 0; index -= 1) open.push(inner[index])
    }
  }
  return texts
}
