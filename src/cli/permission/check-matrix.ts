import { readFile } from 'node:fs/promises'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { hasCode } from '../../core/error/has-code.js'
import type { AccessMatrix } from '../../core/permission/graph/access-matrix.js'
import { describeDifferences } from '../../core/permission/matrix/difference-words.js'
import { compareMatrices, type AccessDifference } from '../../core/permission/matrix/matrix-difference.js'
import { parseAccessMatrix } from '../../core/permission/matrix/matrix-file.js'
import { CheckFailedError } from '../exit-code.js'
import { printResult } from '../print-result.js'
import { printable, printableJson } from '../printable.js'

export interface MatrixCheck {
  /** What access is to be. */
  readonly file: string
  readonly form: 'text' | 'json'
}

/**
 * Compares access with what it is to be, and prints what differs. Throws `CheckFailedError` where it does, and
 * `ConfigurationError` for a file that does not say it.
 */
export async function checkMatrix(actual: AccessMatrix, { file, form }: MatrixCheck): Promise<void> {
  const differences = compareMatrices(await readExpected(file), actual)
  if (form === 'json') await printResult(printableJson(differences))
  else
    await printResult(
      differences.length === 0 ? `Access is as in ${file}.` : printable(describeDifferences(differences)),
    )
  if (differences.length > 0) throw new CheckFailedError(`access is not as in ${file}: ${counts(differences)}`)
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
  throw new ConfigurationError('ERR_CONFIG_MATRIX', `${file} is no access matrix: ${problem}`)
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const reason = hasCode(cause, 'ENOENT')
      ? `there is no ${file}: write it with authsec matrix --out ${file}, and commit it`
      : `${file} cannot be read`
    throw new ConfigurationError('ERR_CONFIG_MATRIX', reason, { cause })
  }
}
