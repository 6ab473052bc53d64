// Time from process start to the ready line, on a fresh home and on one that has been used, and resident memory a minute later.
// `npm run bench:start [-- --rounds 5 --settle 60 --json]`
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    settle: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
})
const goals = { freshSeconds: 5, warmSeconds: 1.5, residentMegabytes: 120 }

const fresh = []
const warm = []
let resident = 0
for (let round = 1; round <= Number(values.rounds); round += 1) {
  const home = await mkdtemp(join(tmpdir(), 'authsec-bench-'))
  try {
    fresh.push(await timeStart(home, 0))
    const last = round === Number(values.rounds)
    warm.push(await timeStart(home, last ? Number(values.settle) : 0))
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 20 })
  }
}

const result = {
  rounds: Number(values.rounds),
  freshSeconds: median(fresh),
  warmSeconds: median(warm),
  residentMegabytes: resident,
  goals,
}
if (values.json) console.log(JSON.stringify(result))
else {
  console.table([
    { what: 'fresh start to ready (s)', median: result.freshSeconds, goal: goals.freshSeconds, all: fresh.join(' ') },
    { what: 'warm start to ready (s)', median: result.warmSeconds, goal: goals.warmSeconds, all: warm.join(' ') },
    { what: `resident memory after ${values.settle} s (MB)`, median: resident, goal: goals.residentMegabytes, all: '' },
  ])
}

async function timeStart(home, settleSeconds) {
  const started = performance.now()
  const child = spawn(process.execPath, ['samples/quickstart/dist/main.js'], {
    env: { ...process.env, PORT: '0', AUTHSEC_HOME: home, AUTHSEC_LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await readyLine(child)
  const seconds = Number(((performance.now() - started) / 1000).toFixed(2))
  if (settleSeconds > 0) {
    await pause(settleSeconds * 1000)
    resident = await residentMegabytes(child.pid)
  }
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
  return seconds
}

function readyLine(child) {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
      if (/^AuthSec ready: /m.test(text)) resolve()
    })
    child.once('exit', (code) => reject(new Error(`the server exited with ${code}`)))
  })
}

async function residentMegabytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024)
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
}
