import { carriable, type AccountWish, type NameWish, type Wish } from '../../core/administration/wish.js'
import { categories, type Category, type Grants } from '../../core/permission/grants.js'

/** One line of an import, checked as far as a line can be without a database. */
export interface ImportRow {
  readonly line: number
  /** What it is about: an address or a name. */
  readonly key: string
  readonly texts: ReadonlyMap<string, string>
  readonly lists: Grants
}

/** What the lines of an import say. */
export interface ImportShape {
  /** The column that every line must have. */
  readonly key: 'email' | 'name'
  /** Columns of one text each. */
  readonly texts: readonly ('name' | 'status' | 'issuer' | 'subject')[]
  /** Columns of names. */
  readonly lists: readonly Category[]
  wish(row: ImportRow): Wish
}

/** Accounts with what they are assigned; those that are there get what they lack. */
export const accountShape: ImportShape = {
  ...{ key: 'email', texts: ['name', 'status', 'issuer', 'subject'], lists: categories },
  wish: ({ key, lists, texts }): AccountWish => {
    const [status, issuer, subject] = [texts.get('status'), texts.get('issuer'), texts.get('subject')]
    return {
      ...{ kind: 'account', email: key, presence: 'present', name: texts.get('name'), give: lists },
      status: status === 'active' || status === 'disabled' ? status : undefined,
      identify: issuer === undefined || subject === undefined ? undefined : [{ issuer, subject }],
    }
  },
}

/** What accounts that are there are assigned in addition. */
export const grantShape: ImportShape = {
  ...{ key: 'email', texts: [], lists: categories },
  wish: ({ key, lists }): AccountWish => ({ kind: 'account', email: key, presence: 'known', give: lists }),
}

/** Names of a category, with what they bring along. */
export function nameShape(category: Category): ImportShape {
  return {
    ...{ key: 'name', texts: [], lists: carriable[category] },
    wish: ({ key, lists }): NameWish => ({ kind: 'name', category, name: key, presence: 'present', give: lists }),
  }
}
