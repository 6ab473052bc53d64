import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CliSite } from '../support/cli-site.js'
import type { Finished } from '../support/server-process.js'

let site: CliSite
let files = 0

beforeAll(async () => {
  site = await CliSite.start()
}, 60_000)
afterAll(() => site?.close())

const cli = (...args: readonly string[]): Promise<Finished> => site.run(...args, '--tenant', 'acme-corp')
/** Imports a text as a file of that ending. */
async function importText(noun: string, ending: string, text: string | Buffer, ...flags: readonly string[]) {
  files += 1
  const path = join(site.home.path, `import-${files}.${ending}`)
  await writeFile(path, text)
  return cli(noun, 'import', path, ...flags)
}
const changesIn = ({ stdout }: Finished) => {
  const { changes } = JSON.parse(stdout) as { changes: readonly { readonly action: string; readonly name: string }[] }
  return changes.map(({ action, name }) => `${action} ${name}`)
}

describe('an import', () => {
  it('says in a rehearsal what it does then, and does nothing the second time', async () => {
    const roles = '\ufeffname,scopes,resources\r\nauditor,read;write,analytics\r\nadmin,,\r\n'
    const rehearsed = await importText('role', 'csv', roles, '--dry-run', '--json')
    expect(rehearsed).toMatchObject({ code: 0, stderr: '' })
    expect(changesIn(rehearsed)).toEqual(['added auditor', 'kept admin'])
    expect(await cli('role', 'show', 'auditor')).toMatchObject({ code: 5 })
    const first = await importText('role', 'csv', roles, '--json')
    expect(changesIn(first)).toEqual(changesIn(rehearsed))
    expect(changesIn(await importText('role', 'csv', roles, '--json'))).toEqual(['kept auditor', 'kept admin'])
    const shown = JSON.parse((await cli('role', 'show', 'auditor', '--json')).stdout) as unknown
    expect(shown).toMatchObject({ carries: { scopes: ['read', 'write'], resources: ['analytics'] } })
  }, 60_000)

  it('adds accounts, gives those that are there what they lack, and takes nothing away', async () => {
    const list = [
      { email: 'zoe@company.com', name: 'Zoë', roles: ['admin'] },
      { email: 'ana@company.com', roles: ['admin'], status: 'disabled' },
      { email: 'john@company.com', roles: ['admin'] },
    ]
    const imported = await importText('account', 'json', JSON.stringify(list, undefined, 2), '--json')
    expect(changesIn(imported)).toEqual(['added zoe@company.com', 'changed ana@company.com', 'kept john@company.com'])
    const { stdout } = await cli('account', 'list', '--json')
    const accounts = JSON.parse(stdout) as readonly { email: string; roles: readonly string[]; disabled: boolean }[]
    expect(accounts.find(({ email }) => email === 'ana@company.com')).toMatchObject({
      ...{ roles: ['admin', 'analyst'], scopes: ['read'], disabled: true },
    })
    expect(accounts.find(({ email }) => email === 'zoe@company.com')).toMatchObject({ name: 'Zoë', roles: ['admin'] })
    const grants = 'email,groups\nzoe@company.com,engineering\n'
    expect((await importText('grant', 'csv', grants)).stdout).toMatch(/changed +account +zoe@company\.com/)
  }, 60_000)

  it('is refused whole, with every fault on its line, whatever kind it is of', async () => {
    const lines = [
      'email,name,status,roles',
      'good@company.com,Good,active,admin',
      'bad,Bad,,',
      'john@company.com,John,gone,adminn',
      'too,few',
      '"multi@company.com","two',
      'lines",,nope',
      'GOOD@company.com,,,аdmin',
      'John@Company.com,,,',
    ]
    const refused = await importText('account', 'csv', lines.join('\n'), '--json')
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing was written') })
    const { faults } = JSON.parse(refused.stdout) as { faults: readonly { line: number; problem: string }[] }
    expect(faults.map(({ line, problem }) => `${line} ${problem}`)).toEqual([
      '3 bad is no e-mail address of at most 254 characters',
      '4 the status gone is neither active nor disabled',
      '4 there is no role adminn; did you mean admin?',
      '5 there are 2 cells for 4 columns',
      '6 the account name "two\\nlines" has characters that do not show',
      '6 there is no role nope',
      '8 GOOD@company.com is on line 2 already',
      '8 there is no role "аdmin"; it only looks like admin',
      '9 John@Company.com is on line 4 already',
      '9 the address John@Company.com differs from that of the account john@company.com in capitals only',
    ])
    expect(await cli('account', 'show', 'good@company.com')).toMatchObject({ code: 5 })
    expect((await importText('account', 'csv', lines.join('\n'), '--dry-run')).stdout).toMatch(/^LINE +PROBLEM\n3 /)
  }, 60_000)

  const faulty: readonly (readonly [string, string, string | Buffer, number, RegExp])[] = [
    ['role', 'csv', 'name,tenant\nx,y\n', 1, /1 +there is no column tenant here, but name, scopes/],
    ['role', 'csv', 'name\nx\n"y\n', 1, /3 +a cell begins with a quote/],
    ['role', 'json', '[{"name":"x"},\n{"name":}]', 1, /2 +this is no JSON/],
    ['scope', 'csv', 'name\nok\nа\u200bb\nok\n', 1, /3 +the scope name[^]*4 +ok is on line 2/],
    ['scope', 'csv', Buffer.from([0xff, 0xfe, 0x41, 0x00]), 5, /no UTF-8/],
    ['scope', 'txt', 'name\nx\n', 5, /--format/],
    ['scope', 'csv', Buffer.alloc(10 * 2 ** 20 + 1, 'a'), 5, /more than 10 MB/],
  ]

  it('says what is wrong with a file that it cannot read', async () => {
    for (const [noun, ending, text, code, problem] of faulty) {
      const { stderr, stdout, ...finished } = await importText(noun, ending, text)
      expect({ ...finished, output: stdout + stderr }).toMatchObject({ code, output: expect.stringMatching(problem) })
    }
    expect(await cli('scope', 'import', join(site.home.path, 'absent.csv'))).toMatchObject({ code: 5 })
    expect((await cli('scope', 'list')).stdout).not.toMatch(/^(ok|x) /m)
  }, 90_000)
})
