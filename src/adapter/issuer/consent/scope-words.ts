/** Words for scopes, by their names. */
export type ScopeWords = Readonly<Record<string, string>>

const fixedWords: ScopeWords = {
  openid: 'Know which account you use',
  email: 'See your e-mail address',
  profile: 'See your name',
  offline_access: 'Stay connected while you are away',
}

/** What names of scopes call an act, and how people do. */
const verbs: Readonly<Record<string, string>> = {
  ...{ admin: 'Administer', manage: 'Administer', all: 'Do everything with' },
  ...{ read: 'See', view: 'See', get: 'See', list: 'List', search: 'Search' },
  ...{ write: 'Change', update: 'Change', edit: 'Change', create: 'Create', add: 'Add' },
  ...{ delete: 'Delete', remove: 'Remove', send: 'Send', run: 'Run', execute: 'Run', call: 'Use', use: 'Use' },
}

const alone: ScopeWords = { read: 'See what you may see', write: 'Change what you may change' }

/** What a scope lets a client do, as the application says, else as its name says; `undefined` where it says nothing. */
export function wordsFor(scope: string, given: ScopeWords): string | undefined {
  return ownWord(fixedWords, scope) ?? ownWord(given, scope) ?? ownWord(alone, scope) ?? wordsOfName(scope)
}

/** `invoice:read` and `read:invoice` alike: an act, and what it is done to. */
function wordsOfName(scope: string): string | undefined {
  const [left = '', right = '', ...others] = scope.split(/[:./]/)
  if (others.length > 0) return undefined
  const [verb, thing] =
    ownWord(verbs, right) === undefined ? [ownWord(verbs, left), right] : [ownWord(verbs, right), left]
  if (verb === undefined || !/^[a-z][a-z_-]*$/.test(thing)) return undefined
  return `${verb} ${thing.replaceAll(/[_-]+/g, ' ')}`
}

function ownWord(words: ScopeWords, name: string): string | undefined {
  return Object.hasOwn(words, name) ? words[name] : undefined
}
