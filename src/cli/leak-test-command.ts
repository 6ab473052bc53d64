import { Command, InvalidArgumentError } from 'commander'
import { findLeaks } from '../app/leak-test/find-leaks.js'
import type { LeakReport } from '../app/leak-test/leak-report.js'
import { planLeakTest, type LeakTestCall, type LeakTestOptions } from '../app/leak-test/leak-test-options.js'
import { RefusedError } from '../app/refused-error.js'
import { CheckFailedError } from './exit-code.js'
import { formatTable } from './format-table.js'
import { printResult } from './print-result.js'
import { readSecretText } from './read-secret-text.js'
import { printable, printableJson, printableLine } from './printable.js'

interface LeakTestFlags {
  readonly url: string
  readonly tokenFile: readonly string[]
  readonly call: readonly LeakTestCall[]
  readonly readOnly?: true
  readonly rounds: number
  readonly seconds: number
  readonly json?: true
}

const bound = { bytes: 256 * 1024, tooLong: 'tokens have at most 256 KB' }

/** `authsec leak-test`: whether a running server gives one caller what is another's. */
export function leakTestCommand(): Command {
  return new Command('leak-test')
    .description('Looks whether a running MCP server, of whatever make, gives one caller what is another’s')
    .requiredOption('--url <url>', 'where it speaks MCP: https, or http on this machine')
    .requiredOption(
      '--token-file <file>',
      'an access token, one line for each caller (- for standard input); repeat it: two callers or more, best of two tenants',
      collect,
    )
    .option('--call <name=arguments>', 'a tool to call, with its arguments as JSON; no other is called', readCall, [])
    .option('--read-only', 'also call tools that say that they only read (readOnlyHint), without arguments')
    .option('--rounds <number>', 'how often everybody calls at once', Number, 20)
    .option('--seconds <number>', 'how long the test may take', Number, 120)
    .option('--json', 'print JSON')
    .action(async (flags: LeakTestFlags, command: Command) => {
      const options = await optionsOf(flags)
      refuseUsage(command, options)
      const report = await findLeaks(options)
      await printResult(flags.json === true ? printableJson(report) : printable(formatReport(report)))
      const { length } = report.leaks
      if (length > 0) throw new CheckFailedError(`the server leaks in ${length} ${length === 1 ? 'way' : 'ways'}`)
    })
}

async function optionsOf(flags: LeakTestFlags): Promise<LeakTestOptions> {
  const tokens = (await Promise.all(flags.tokenFile.map(readTokens))).flat()
  return {
    url: flags.url,
    callers: tokens.map((token) => ({ token })),
    calls: flags.call,
    readOnlyTools: flags.readOnly === true ? 'call' : 'ignore',
    rounds: flags.rounds,
    seconds: flags.seconds,
  }
}

function refuseUsage(command: Command, options: LeakTestOptions): void {
  try {
    planLeakTest(options)
  } catch (error) {
    if (error instanceof TypeError) command.error(`error: ${error.message}`)
    throw error
  }
}

function collect(file: string, files: readonly string[] = []): readonly string[] {
  return [...files, file]
}

function readCall(text: string, calls: readonly LeakTestCall[]): readonly LeakTestCall[] {
  const [name = '', ...rest] = text.split('=')
  const json = rest.join('=')
  const args = json === '' ? {} : parseArguments(json)
  if (name === '' || args === undefined) {
    throw new InvalidArgumentError(`Say the name and the arguments, such as 'hello={"to":"you"}'.`)
  }
  return [...calls, { name, arguments: args }]
}

function parseArguments(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return Object.fromEntries(Object.entries(value))
  } catch {
    return undefined
  }
}

/** One token a line, so that other users of the machine do not read them in the list of processes. */
async function readTokens(file: string): Promise<readonly string[]> {
  const text = await readSecretText(file === '-' ? undefined : file, bound)
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const tokens = lines.filter((line) => line !== '')
  if (tokens.length > 0) return tokens
  throw new RefusedError(`there is no token ${file === '-' ? 'on standard input' : `in ${file}`}`)
}

const words = { passed: 'ok', leaking: 'LEAKS', skipped: 'skipped' } as const

function formatReport({ callers, checks, leaks, notes, requests, url }: LeakReport): string {
  return [
    `${url}: ${requests} requests by ${callers.join(', ')}`,
    '',
    formatTable(
      ['check', 'result', 'what was done'],
      checks.map(({ check, outcome, summary }) => [check, words[outcome], summary]),
    ),
    ...leaks.flatMap(({ caller, check, message, seen, sent, times }) => [
      '',
      `${check}: ${caller} ${message}${times > 1 ? ` (${times} times)` : ''}`,
      `  sent: ${printableLine(sent)}`,
      `  seen: ${printableLine(seen)}`,
    ]),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `note: ${note}`)]),
    '',
    leaks.length === 0 ? 'nothing found' : `${leaks.length} found`,
  ].join('\n')
}
