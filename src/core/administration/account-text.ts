import { quoted } from './known-names.js'

const longestEmail = 254
const longestName = 200
/** What does not show, moves other text, or could not be stored. */
const hidden = /(?! )[\p{C}\p{Z}\p{DI}\u2800]/u
/** Scripts whose letters look like Latin ones. */
const latin = /\p{Script=Latin}/u
const similar = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}]/u

/** What is wrong with the address of a new account, as a sentence; it is never mended. */
export function emailFault(email: string): string | undefined {
  const fault = textFault(email)
  if (email.length > longestEmail || !/^[^\s@]+@[^\s@]+$/.test(email)) {
    return `${quoted(email.slice(0, 64))} is no e-mail address of at most ${longestEmail} characters`
  }
  // Its parts may be of different scripts: a Cyrillic name at a Latin domain.
  const mixed = email.split(/[@.]/).some((part) => latin.test(part) && similar.test(part))
  if (fault === undefined && mixed) return `the address ${quoted(email)} mixes scripts whose letters look alike`
  return fault === undefined ? undefined : `the address ${quoted(email)} ${fault}`
}

/** What is wrong with the name that an account shows, as a sentence. */
export function accountNameFault(name: string): string | undefined {
  const fault =
    name.trim() === '' || name.length > longestName ? `does not have 1 to ${longestName} characters` : textFault(name)
  return fault === undefined ? undefined : `the account name ${quoted(name.slice(0, 64))} ${fault}`
}

function textFault(text: string): string | undefined {
  if (hidden.test(text)) return 'has characters that do not show'
  if (text.normalize('NFC') !== text) return 'is not in the form NFC: type its characters plainly'
  return undefined
}
