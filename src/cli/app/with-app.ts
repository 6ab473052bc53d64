import { relative } from 'node:path'
import { divertStandardOutput } from '../../adapter/mcp/stdio/protocol-output.js'
import type { AuthSecApp } from '../../app/create-auth-sec-app.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { beginReadingApp, startedOnImport, type ReadingApp } from '../../core/runtime/reading-app.js'
import { exitCodes } from '../exit-code.js'
import { printable } from '../printable.js'
import { findAppFile } from './find-app-file.js'
import { importApp } from './import-app.js'

/** An app that was read and not started. */
export interface ReadApp {
  readonly app: AuthSecApp
  readonly file: string
}

const importMilliseconds = 20_000

/**
 * Reads the app, without starting anything, and does something with it. What the file prints goes to standard error, and what it
 * does to this process is an error of its own. Throws `ConfigurationError` for a file that cannot be read.
 */
export async function withApp(named: string | undefined, use: (read: ReadApp) => Promise<void>): Promise<void> {
  const file = findAppFile(named)
  const reading = beginReadingApp()
  divertStandardOutput()
  const watch = watchApp(relative(process.cwd(), file), reading)
  const used = importApp({ file, reading, milliseconds: importMilliseconds }).then((app) => use({ app, file }))
  try {
    await Promise.race([used, watch.failed])
  } finally {
    watch.end()
  }
}

function watchApp(shown: string, reading: ReadingApp): { readonly failed: Promise<never>; end(): void } {
  let fail: (error: unknown) => void = () => undefined
  const failed = new Promise<never>((_, reject) => (fail = reject))
  const onException = (error: unknown): void => fail(uncaught(shown, error))
  const onRejection = (error: unknown): void => {
    if (reading.attempt === undefined) complain(uncaught(shown, error))
  }
  const onExit = (code: number): void => {
    if (code === exitCodes.interrupted) return
    complain(
      reading.attempt === undefined
        ? new ConfigurationError('ERR_CONFIG_APP', `${shown} ended the process that reads it`)
        : startedOnImport(shown, reading.attempt),
    )
    process.exitCode = exitCodes.configuration
  }
  process.on('uncaughtException', onException).on('unhandledRejection', onRejection).on('exit', onExit)
  return {
    failed,
    end() {
      process.off('uncaughtException', onException).off('unhandledRejection', onRejection).off('exit', onExit)
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
