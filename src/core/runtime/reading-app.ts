import { ConfigurationError } from '../error/configuration-error.js'

/** Known to every copy of this package that an app may import. */
const marker = Symbol.for('authsec.reading-app')

/** Says that this process reads an app and is not to run it. */
export interface ReadingApp {
  /** What the app called to start itself, if it did. */
  attempt: string | undefined
}

/** From here on nothing in this process can be started. */
export function beginReadingApp(): ReadingApp {
  const reading: ReadingApp = { attempt: undefined }
  Reflect.set(globalThis, marker, reading)
  return reading
}

/** Throws `ConfigurationError` where the app is only read. `call` is what would have started it, such as `listen()`. */
export function refuseWhileReading(call: string): void {
  const reading: unknown = Reflect.get(globalThis, marker)
  if (typeof reading !== 'object' || reading === null) return
  // Whoever called may swallow the error.
  Reflect.set(reading, 'attempt', call)
  throw startedOnImport('the app', call)
}

/** What is wrong with an app that starts itself when it is imported. */
export function startedOnImport(file: string, call: string): ConfigurationError {
  return new ConfigurationError(
    'ERR_APP_STARTED_ON_IMPORT',
    `${file} starts itself when it is imported, with ${call}, so it cannot be read without running it. ` +
      'Keep apart what is exported and what starts it: "export default createAuthSecApp({ ... })" in one file, ' +
      '"await app.listen()" in another',
  )
}
