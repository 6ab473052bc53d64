import { createReadStream } from 'node:fs'
import { text as textIn } from 'node:stream/consumers'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { hasCode } from '../../core/error/has-code.js'
import type { AccessMatrix } from '../../core/permission/graph/access-matrix.js'
import { describeDifferences } from '../../core/permission/matrix/difference-words.js'
import { compareMatrices, type AccessDifference } from '../../core/permission/matrix/matrix-difference.js'
import { parseAccessMatrix } from '../../core/permission/matrix/matrix-file.js'
import type { Answer } from '../app/answer.js'
import { printable, printableJson } from '../printable.js'

export interface MatrixCheck {
  /** What access is to be. */
  readonly file: string
  readonly form: 'text' | 'json'
}

const largestMegabytes = 10

/**
 * Compares access with what it is to be, and says what differs: a check that failed, then. Throws `ConfigurationError` for a file
 * that does not say it.
 */
export async function checkMatrix(actual: AccessMatrix, { file, form }: MatrixCheck): Promise<Answer> {
  const differences = compareMatrices(await readExpected(file), actual)
  const words = differences.length === 0 ? `Access is as in ${file}.` : describeDifferences(differences)
  return {
    text: form === 'json' ? printableJson(differences) : printable(words),
    ...(differences.length > 0 && { failure: `access is not as in ${file}: ${counts(differences)}` }),
  }
}

function counts(differences: readonly AccessDifference[]): string {
  return (['opened', 'closed', 'changed'] as const)
    .map((effect) => ({ effect, count: differences.filter((one) => one.effect === effect).length }))
    .flatMap(({ count, effect }) => (count === 0 ? [] : [`${count} ${effect}`]))
    .join(', ')
}

async function readExpected(file: string): Promise<AccessMatrix> {
  const { matrix, problem } = parseAccessMatrix(await textOf(file))
  if (matrix !== undefined) return matrix
  throw fault(`${file} is no access matrix: ${problem}`)
}

/** Not more than could be a matrix: the file may be a device that never ends. */
async function textOf(file: string): Promise<string> {
  const largest = largestMegabytes * 1_000_000
  const text = await textIn(createReadStream(file, { end: largest })).catch((cause: unknown) => {
    const reason = hasCode(cause, 'ENOENT')
      ? `there is no ${file}: write it with authsec matrix --out ${file}, and commit it`
      : `${file} cannot be read`
    throw fault(reason, cause)
  })
  if (Buffer.byteLength(text) <= largest) return text
  throw fault(`${file} is no access matrix: it is larger than ${largestMegabytes} MB`)
}

function fault(message: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_MATRIX', message, cause === undefined ? {} : { cause })
}
