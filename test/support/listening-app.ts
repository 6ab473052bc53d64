import { createAuthSecApp, type AuthSecAppOptions, type ListeningApp } from '../../src/index.js'
import { temporaryHome } from './server-process.js'

export interface TestServer extends ListeningApp {
  readonly home: string
  close(): Promise<void>
}

/** A server in this process on a home of its own: a development server, unless the environment given says otherwise. */
export async function listenInProcess(
  options: AuthSecAppOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  const home = await temporaryHome()
  const given = { AUTHSEC_HOME: home.path, PORT: '0', AUTHSEC_LOG_LEVEL: 'silent', NODE_ENV: 'test', ...env }
  const restore = setEnvironment(given)
  const write = process.stdout.write.bind(process.stdout)
  const app = createAuthSecApp(options)
  try {
    process.stdout.write = () => true
    const listening = await app.listen()
    return {
      ...listening,
      home: home.path,
      async close() {
        await app.close()
        await home.remove()
      },
    }
  } catch (error) {
    await home.remove()
    throw error
  } finally {
    process.stdout.write = write
    restore()
  }
}

function setEnvironment(given: Readonly<Record<string, string>>): () => void {
  const before = new Map(Object.keys(given).map((name) => [name, process.env[name]]))
  Object.assign(process.env, given)
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
