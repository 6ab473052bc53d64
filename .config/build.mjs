// `npm run build`: src -> dist, samples/NAME/src -> samples/NAME/dist, in one incremental `tsc -b`.
// tsc neither removes the output of a deleted source nor notices an output that went missing; this does both.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const buildInfo = '.tsbuildinfo'
const tsc = join('node_modules', 'typescript', 'bin', 'tsc')

const samples = existsSync('samples')
  ? readdirSync('samples').filter((name) => existsSync(join('samples', name, 'src')))
  : []

reconcile('src', 'dist', [buildInfo])
const projects = [join('.config', 'tsconfig.build.json'), ...samples.map(sampleProject)]

const compiled = spawnSync(process.execPath, [tsc, '-b', ...projects], { stdio: 'inherit' })
if (compiled.status !== 0) process.exit(compiled.status ?? 1)

const bin = join('dist', 'cli', 'main.js')
if (existsSync(bin)) chmodSync(bin, 0o755)

/** A sample is a project of its own; its tsconfig is generated, so that the sample folder holds only what a reader needs. */
function sampleProject(name) {
  const source = join('samples', name, 'src')
  const output = join('samples', name, 'dist')
  const project = join(output, 'tsconfig.json')
  reconcile(source, output, [buildInfo, 'tsconfig.json'])
  const config = {
    extends: '../../../.config/tsconfig.sample.json',
    references: [{ path: '../../../.config/tsconfig.build.json' }],
  }
  const text = `${JSON.stringify(config)}\n`
  mkdirSync(output, { recursive: true })
  if (!existsSync(project) || readFileSync(project, 'utf8') !== text) writeFileSync(project, text)
  return project
}

/** Removes outputs without a source; forgets the incremental state when a source lacks its output. */
function reconcile(source, output, keep) {
  const stems = filesBelow(source)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
  const known = new Set(stems)
  for (const file of filesBelow(output)) {
    const stem = file.replace(/(\.js\.map|\.d\.ts|\.js)$/, '')
    if (!known.has(stem) && !keep.includes(file)) rmSync(join(output, file))
  }
  if (stems.some((stem) => !existsSync(join(output, `${stem}.js`)))) rmSync(join(output, buildInfo), { force: true })
}

function filesBelow(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}
