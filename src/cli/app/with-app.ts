import { relative } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { divertStandardOutput } from '../../adapter/mcp/stdio/protocol-output.js'
import type { AuthSecApp } from '../../app/create-auth-sec-app.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { beginReadingApp, startedOnImport, type ReadingApp } from '../../core/runtime/reading-app.js'
import { exitCodes } from '../exit-code.js'
import { printable } from '../printable.js'
import { giveAnswer, type Answer } from './answer.js'
import { findAppFile } from './find-app-file.js'
import { importApp } from './import-app.js'

/** An app that was read and not started. */
export interface ReadApp {
  readonly app: AuthSecApp
  readonly file: string
}

const importMilliseconds = 20_000

/**
 * Reads the app, without starting anything, and gives an answer about it. What the file prints goes to standard error, and what it
 * does to this process is an error of its own. Throws `ConfigurationError` for a file that cannot be read, also where it tries to
 * start the app only while the command works: nothing is answered then.
 */
export async function withApp(named: string | undefined, answer: (read: ReadApp) => Promise<Answer>): Promise<void> {
  const file = findAppFile(named)
  const shown = relative(process.cwd(), file)
  const reading = beginReadingApp()
  divertStandardOutput()
  const refuseStarted = (): void => {
    if (reading.attempt !== undefined) throw startedOnImport(shown, reading.attempt)
  }
  const work = async (): Promise<void> => {
    const app = await importApp({ file, reading, milliseconds: importMilliseconds })
    const given = await answer({ app, file })
    await nextTurn()
    refuseStarted()
    await giveAnswer(given)
  }
  const watch = watchApp(shown, reading)
  try {
    await Promise.race([work(), watch.failed])
  } finally {
    watch.end()
    // Whatever else has failed, this comes first.
    refuseStarted()
  }
}

function watchApp(shown: string, reading: ReadingApp): { readonly failed: Promise<never>; end(): void } {
  let fail: (error: unknown) => void = () => undefined
  const failed = new Promise<never>((_, reject) => (fail = reject))
  const onExit = (code: number): void => {
    if (code === exitCodes.interrupted) return
    complain(
      reading.attempt === undefined
        ? new ConfigurationError('ERR_CONFIG_APP', `${shown} ended the process that reads it`)
        : startedOnImport(shown, reading.attempt),
    )
    process.exitCode = exitCodes.configuration
  }
  // Until the very end: nothing that the app does is to end in a dump.
  process.on('uncaughtException', (error) => fail(uncaught(shown, error)))
  process.on('unhandledRejection', (error) => {
    if (reading.attempt === undefined) complain(uncaught(shown, error))
  })
  process.on('exit', onExit)
  return {
    failed,
    end: () => {
      process.off('exit', onExit)
    },
  }
}

function uncaught(shown: string, error: unknown): ConfigurationError {
  const message = error instanceof Error ? error.message : String(error)
  return new ConfigurationError('ERR_CONFIG_APP', `${shown} threw something that nobody caught: ${message}`)
}

function complain(error: Error): void {
  console.error(`authsec: ${printable(error.message)}`)
}
