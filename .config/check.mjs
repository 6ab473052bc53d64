// `npm run check`: every gate in turn, one line each; the first that fails shows its output and ends the run.
import { spawnSync } from 'node:child_process'

const steps = [
  'typecheck',
  'lint',
  'check:layers',
  'check:unused',
  'format:check',
  'build',
  'check:package',
  'check:types',
]

for (const step of steps) {
  const startedAt = performance.now()
  const run = spawnSync('npm', ['run', '--silent', step], {
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${run.status === 0 ? 'ok  ' : 'FAIL'} ${step} (${seconds} s)`)
  if (run.status !== 0) {
    console.log(`${run.stdout ?? ''}${run.stderr ?? ''}${run.error ? `${run.error.message}\n` : ''}`)
    process.exit(1)
  }
}
