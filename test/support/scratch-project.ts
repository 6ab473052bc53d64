import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const copied = ['.dependency-cruiser.cjs', '.oxlintrc.json', 'package.json', 'tsconfig.json']

export interface ToolRun {
  readonly status: number | null
  readonly output: string
}

/** A throw-away project under this repository's own tool configuration, outside the repository. */
export class ScratchProject {
  readonly #folder = mkdtempSync(join(tmpdir(), 'authsec-scratch-'))

  /** Writes `files` (path to text) and links the installed packages and tool configuration. */
  constructor(files: Readonly<Record<string, string>>) {
    for (const name of copied) copyFileSync(join(root, name), join(this.#folder, name))
    for (const name of ['.config', 'node_modules']) symlinkSync(join(root, name), join(this.#folder, name), 'junction')
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.#folder, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
  }

  /** Runs a script of Node's, named from the project's root, to its end. */
  run(script: string, ...args: readonly string[]): ToolRun {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
      cwd: this.#folder,
      encoding: 'utf8',
      timeout: 25_000,
    })
    return { status, output: `${stdout}${stderr}` }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
