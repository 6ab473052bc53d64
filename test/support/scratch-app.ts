import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { runProgram, type Finished } from './server-process.js'

const cli = resolve('dist/cli/main.js')

/** A folder of a user's, with app files that import the built package, and a home in which no server has run. */
export class ScratchApp {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  /** Writes files, path to text. `authsec` is an installed package there. */
  static async create(files: Readonly<Record<string, string>>): Promise<ScratchApp> {
    const app = new ScratchApp(await realpath(await mkdtemp(join(tmpdir(), 'authsec-app-'))))
    await mkdir(app.path('node_modules'))
    await mkdir(app.home)
    await symlink(process.cwd(), app.path('node_modules/authsec'), 'junction')
    for (const [path, text] of Object.entries(files)) await app.write(path, text)
    return app
  }

  get home(): string {
    return this.path('home')
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(name)), { recursive: true })
    await writeFile(this.path(name), text)
  }

  read(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8')
  }

  /** What stands in the home: nothing, unless something was started. */
  homeFiles(): Promise<readonly string[]> {
    return readdir(this.home)
  }

  /** `authsec …` in the folder. */
  run(...args: readonly string[]): Promise<Finished> {
    return runProgram([cli, ...args], { AUTHSEC_HOME: this.home }, this.folder)
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true, maxRetries: 20 })
  }
}

/** The text of an app file with these tools: names with the options of `protectedByAuthSec`, as source. */
export function appSource(tools: Readonly<Record<string, string>>, options = ''): string {
  const made = Object.entries(tools).map(
    ([name, demand]) => `protectedByAuthSec(${JSON.stringify(name)}, ${demand}, () => 'done')`,
  )
  return `import { allOf, anyOf, createAuthSecApp, protectedByAuthSec, publicTool, role } from 'authsec'
export default createAuthSecApp({ tools: [${made.join(', ')}], clientId: 'scratch', ${options} })
`
}
