// What a flood of password sign-ins does to everybody else: many at once, each from an address of its own, while /healthz is
// asked every 25 ms. `npm run bench:signin [-- --rounds 3 --at-once 100 --json]`
import { createHash, randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ready } from './ready.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    'at-once': { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
  },
})
const atOnce = Number(values['at-once'])
const goals = { loopDelayP99: 100, extraMegabytes: 300 }
const redirectUri = 'http://127.0.0.1:1/callback'

const rounds = []
for (let round = 0; round < Number(values.rounds); round += 1) rounds.push(await measure())

const result = {
  rounds: rounds.length,
  atOnce,
  ...Object.fromEntries(Object.keys(rounds[0]).map((name) => [name, median(rounds.map((each) => each[name]))])),
  goals,
}
if (values.json) console.log(JSON.stringify(result))
else {
  console.table([
    { what: 'event loop delay p99, idle (ms)', median: result.idleLoopP99, goal: '' },
    { what: `event loop delay p99, ${atOnce} sign-ins at once (ms)`, median: result.loopP99, goal: goals.loopDelayP99 },
    { what: '/healthz p99, idle (ms)', median: result.idleHealthP99, goal: '' },
    { what: '/healthz p99, the same time (ms)', median: result.healthP99, goal: '' },
    { what: 'memory above idle, highest (MB)', median: result.extraMegabytes, goal: goals.extraMegabytes },
    { what: 'passwords looked at', median: result.evaluated, goal: '' },
    { what: 'told to come back (429)', median: result.deferred, goal: '' },
    { what: 'seconds until the last answer', median: result.seconds, goal: '' },
  ])
}

async function measure() {
  const home = await mkdtemp(join(tmpdir(), 'authsec-bench-'))
  const child = spawn(process.execPath, ['samples/quickstart/dist/main.js'], {
    env: {
      ...process.env,
      PORT: '0',
      AUTHSEC_HOME: home,
      AUTHSEC_LOG_LEVEL: 'error',
      NODE_OPTIONS: `--import=${join(process.cwd(), 'test/support/loop-delay.mjs')}`,
      DELAY_FILE: join(home, 'delay.json'),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const origin = new URL(await ready(child)).origin
    const forms = []
    for (let index = 0; index < atOnce; index += 1) forms.push(await openForm(origin, `127.0.1.${index + 1}`))
    await loopDelay(child, home)
    const idleHealthP99 = await healthDuring(origin, pause(2_000))
    const { p99: idleLoopP99 } = await loopDelay(child, home)
    const idle = await megabytes(child.pid, 'VmRSS')
    const startedAt = performance.now()
    const flood = Promise.all(forms.map((form, index) => submit(form, index)))
    const healthP99 = await healthDuring(origin, flood)
    const statuses = await flood
    const seconds = Number(((performance.now() - startedAt) / 1000).toFixed(2))
    const { p99: loopP99 } = await loopDelay(child, home)
    return {
      ...{ idleLoopP99, loopP99, idleHealthP99, healthP99, seconds },
      extraMegabytes: (await megabytes(child.pid, 'VmHWM')) - idle,
      evaluated: statuses.filter((status) => status === 401).length,
      deferred: statuses.filter((status) => status === 429).length,
    }
  } finally {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    await rm(home, { recursive: true, force: true, maxRetries: 20 })
  }
}

/** The sign-in page of an OAuth client, as a browser at this address has it. */
async function openForm(origin, address) {
  const jar = new Map()
  const client = { redirect_uris: [redirectUri], token_endpoint_auth_method: 'none', client_name: 'bench' }
  const registered = await ask(`${origin}/oauth/register`, { address, jar, json: client })
  const challenge = createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url')
  const query = new URLSearchParams({
    client_id: JSON.parse(registered.text).client_id,
    ...{ response_type: 'code', redirect_uri: redirectUri, code_challenge: challenge, code_challenge_method: 'S256' },
  })
  const begun = await ask(`${origin}/oauth/authorize?${query}`, { address, jar })
  const url = new URL(begun.headers.location, origin).href
  const page = await ask(url, { address, jar })
  const [, csrf] = /name="csrf" value="([^"]+)"/.exec(page.text) ?? []
  if (csrf === undefined) throw new Error(`no sign-in page: ${page.status}`)
  return { url, jar, address, csrf }
}

/** A wrong password for an account that does not exist: the same work as for one that does. */
async function submit({ url, jar, address, csrf }, index) {
  const form = { csrf, action: 'sign-in', tenant: 'acme-corp', email: `nobody${index}@example.test`, password: 'wrong' }
  return (await ask(url, { address, jar, form })).status
}

function ask(url, { address, jar, json, form }) {
  const body = json === undefined ? form && new URLSearchParams(form).toString() : JSON.stringify(json)
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers = {
    ...(cookie === '' ? {} : { cookie }),
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
  }
  return new Promise((resolve, reject) => {
    const options = { method: body === undefined ? 'GET' : 'POST', headers, localAddress: address, agent: false }
    const request = http.request(url, options, (answer) => {
      for (const line of answer.headers['set-cookie'] ?? []) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
        jar.set(name, value)
      }
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** The 99th percentile of answers of /healthz while `work` goes on, in milliseconds. */
async function healthDuring(origin, work) {
  let going = true
  void work.finally(() => (going = false))
  const taken = []
  while (going) {
    const startedAt = performance.now()
    await ask(`${origin}/healthz`, { address: '127.0.0.1', jar: new Map() })
    taken.push(performance.now() - startedAt)
    await pause(25)
  }
  taken.sort((a, b) => a - b)
  return Number(taken[Math.floor(taken.length * 0.99)].toFixed(1))
}

async function loopDelay(child, home) {
  const file = join(home, 'delay.json')
  await rm(file, { force: true })
  child.kill('SIGUSR2')
  for (let tries = 0; tries < 100; tries += 1) {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (text !== '') return JSON.parse(text)
    await pause(20)
  }
  throw new Error('the server does not tell its delay')
}

async function megabytes(pid, name) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024)
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
}
