import { createAuthSecApp, type AuthSecAppOptions, type ListeningApp } from '../../src/index.js'
import { temporaryHome } from './server-process.js'

export interface TestServer extends ListeningApp {
  readonly home: string
  close(): Promise<void>
}

/** A development server in this process, on an embedded database and home of its own. */
export async function listenInProcess(options: AuthSecAppOptions): Promise<TestServer> {
  const home = await temporaryHome()
  const app = createAuthSecApp(options)
  const before = { ...process.env }
  const write = process.stdout.write.bind(process.stdout)
  try {
    Object.assign(process.env, { AUTHSEC_HOME: home.path, PORT: '0', AUTHSEC_LOG_LEVEL: 'silent', NODE_ENV: 'test' })
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
  } finally {
    process.stdout.write = write
    for (const name of ['AUTHSEC_HOME', 'PORT', 'AUTHSEC_LOG_LEVEL', 'NODE_ENV']) {
      const value = before[name]
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
