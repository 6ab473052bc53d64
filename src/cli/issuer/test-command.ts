import { Command } from 'commander'
import { testIssuer, type IssuerReport } from '../../app/issuers/test-issuer.js'
import type { TraceStep } from '../../adapter/token/trace/trace.js'
import { CheckFailedError } from '../exit-code.js'
import { printResult } from '../print-result.js'
import { printableJson, printableLine } from '../printable.js'
import { readSecretText } from '../read-secret-text.js'
import { addDetails, addRules, readClientSecret } from './issuer-options.js'
import { optionsIn, type IssuerFlags } from './issuer-flags.js'

interface TestFlags extends IssuerFlags {
  readonly clientSecretFile?: string
  readonly token?: string
  readonly resource?: string
  readonly json?: true
}

const bound = { bytes: 64 * 1024, tooLong: 'a token has at most 16 KB' }
const marks: Readonly<Record<TraceStep['outcome'], string>> = { passed: '✓', failed: '✗', open: '?' }

/** `authsec issuer test`. */
export function testCommand(env: NodeJS.ProcessEnv): Command {
  return addDetails(addRules(new Command('test')))
    .description(
      'Asks an issuer for its metadata and keys, and says step by step why a token of it is accepted or refused: as it is trusted ' +
        'by AUTHSEC_ISSUERS or the database, or as the flags say; what the code of a server says has to be repeated with them',
    )
    .argument('<issuer>', 'iss of its tokens, byte for byte')
    .option('--token <file>', 'an access token; - for standard input')
    .option('--resource <url>', 'where it would be presented, such as https://mcp.example.com/mcp')
    .option('--json', 'print JSON')
    .action(async (issuer: string, flags: TestFlags) => {
      const { json, resource, token: file, ...rest } = flags
      const options = optionsIn(issuer, rest, await readClientSecret(rest.clientSecretFile))
      const isSaid = Object.keys(options).some((name) => name !== 'issuer')
      const token = file === undefined ? undefined : await readToken(file)
      const report = await testIssuer({ env, issuer, options: isSaid ? options : undefined, token, resource })
      await printResult(json === true ? printableJson(report) : formatReport(report))
      if (report.outcome === 'failed') throw new CheckFailedError(summaryOf(report, token))
    })
}

/** As it was copied out of a header, too. */
async function readToken(file: string): Promise<string> {
  const text = (await readSecretText(file === '-' ? undefined : file, bound)).trim()
  return text.replace(/^bearer +/i, '')
}

const sayers: Readonly<Record<IssuerReport['trustedBy'], string>> = {
  flags: 'the flags say',
  environment: 'AUTHSEC_ISSUERS says',
  database: 'the database says',
  defaults:
    'any issuer: neither AUTHSEC_ISSUERS nor the database names it, and what the code of a server says is not read here: repeat it with flags',
}

function formatReport({ issuer, resource, steps, trustedBy }: IssuerReport): string {
  const head = `${issuer}, as ${sayers[trustedBy]}`
  const lines = steps.flatMap(linesOf)
  return [head, ...(resource === undefined ? [] : [`token for ${resource}`]), '', ...lines]
    .map(printableLine)
    .join('\n')
}

const longestName = 10

function linesOf({ about, code, found, outcome, reason }: TraceStep): readonly string[] {
  const line = `${marks[outcome]} ${about.padEnd(longestName)} ${found}`
  return reason === undefined ? [line] : [line, `  ${' '.repeat(longestName)} ${code ?? ''}: ${reason}`]
}

function summaryOf({ steps }: IssuerReport, token: string | undefined): string {
  const failed = steps.filter(({ outcome }) => outcome === 'failed').map(({ about }) => about)
  const what = token === undefined ? 'the issuer cannot be used' : 'the token would be refused'
  return failed.length === 0 ? `${what}, or that cannot be told` : `${what}: ${failed.join(', ')}`
}
