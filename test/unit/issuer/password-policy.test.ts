import { describe, expect, it } from '@jest/globals'
import { passwordFault, type PasswordPlace } from '../../../src/adapter/issuer/password/password-policy.js'

const place: PasswordPlace = {
  email: 'ana.sommerfeld@acme-works.example',
  name: 'Ana Sommerfeld',
  tenant: { name: 'Acme Works', slug: 'acme' },
  serverName: 'Invoice Desk',
}

describe('a password that nobody else would think of', () => {
  it.each([
    ['words', 'correct horse battery staple'],
    ['words with a common one among them', 'monkey lantern quartz'],
    ['twelve characters', 'q7#Lw0zP;t2x'],
    ['letters of one kind', 'vexjukwhompdrig'],
    ['another script', 'здравствуй-небо-23'],
    ['signs outside the basic plane', '🙂🌵🎈🦉🛶🧭🪁🎻🥁🪀🧵🪡'],
    ['128 characters', `${'hm'.repeat(30)} and then some ${'z'.repeat(52)}!`.slice(0, 128)],
    ['a name in a long sentence', 'acme makes anvils that float'],
  ])('is taken: %s', async (_what, password) => {
    expect(await passwordFault(password, place)).toBeUndefined()
  })
})

describe('a password that is tried first', () => {
  it.each([
    ['eleven characters', 'q7#Lw0zP;t2', 'at least 12'],
    ['eleven signs outside the basic plane', '🙂🌵🎈🦉🛶🧭🪁🎻🥁🪀🧵', 'at least 12'],
    ['129 characters', 'hm '.repeat(43), 'at most 128'],
    ['one character', 'aaaaaaaaaaaaaa', 'pattern'],
    ['a few again and again', 'xyzxyzxyzxyzx', 'pattern'],
    ['digits in a row', '12345678901234', 'pattern'],
    ['letters in a row', 'abcdefghijklmn', 'pattern'],
    ['letters backwards', 'nmlkjihgfedcba', 'pattern'],
    ['a common one with digits', 'Password12345', 'common'],
    ['a common one with signs and digits', '!!sunshine2026', 'common'],
    ['a common one with digits for letters', 'P@55w0rd2026', 'common'],
    ['a common one twice', 'sunshinesunshine', 'common'],
    ['a common one in full width', 'ｐａｓｓｗｏｒｄ１２３４', 'common'],
    ['the address', 'ana.sommerfeld@acme-works.example', 'your name'],
    ['the part before the @', 'AnaSommerfeld1', 'your name'],
    ['a name with digits', 'Sommerfeld!2026', 'your name'],
    ['the tenant', 'Acme-Works-2026', 'your name'],
    ['the tenant with digits for letters', '4cm3w0rk5!2026', 'your name'],
    ['the server', 'invoicedesk#99', 'your name'],
  ])('is refused, saying why: %s', async (_what, password, words) => {
    expect(await passwordFault(password, place)).toContain(words)
  })

  it('is refused as a name to those alone whose it is, and as a common one to everybody', async () => {
    const nobody = { email: 'x@y.example', name: undefined, tenant: { name: 'T', slug: 't' }, serverName: undefined }
    expect(await passwordFault('Sommerfeld!2026', nobody)).toBeUndefined()
    expect(await passwordFault('Password12345', nobody)).toContain('common')
  })
})
