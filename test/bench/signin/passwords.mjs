import { scryptSync, randomBytes } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import { PasswordHasher } from '../../../dist/adapter/issuer/password-hasher.js'

const password = 'correct horse battery staple'
const salt = randomBytes(16)

/** The same number of password checks as the server makes them, on the thread pool, and on the event loop. */
export async function measurePasswords(checks) {
  const hasher = new PasswordHasher()
  const stored = await hasher.hash(password)
  const pool = await measure(() => Promise.all(Array.from({ length: checks }, () => hasher.verify(password, stored))))
  const loop = await measure(async () => {
    for (let check = 0; check < checks; check += 1) {
      scryptSync(password, salt, 32, { N: 2 ** 16, r: 8, p: 1, maxmem: 160 * 2 ** 16 * 8 })
      await turn()
    }
  })
  return {
    ...{ poolPerSecond: rate(checks, pool.seconds), loopPerSecond: rate(checks, loop.seconds) },
    ...{ poolLoopP99: pool.p99, loopLoopP99: loop.p99 },
  }
}

async function measure(work) {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  await pause(50)
  delay.reset()
  const startedAt = performance.now()
  await work()
  const seconds = (performance.now() - startedAt) / 1000
  // What held the loop up last is seen when it turns again.
  await pause(20)
  delay.disable()
  return { seconds, p99: Math.round(delay.percentile(99) / 1e4) / 100 }
}

function rate(count, seconds) {
  return Number((count / seconds).toFixed(2))
}
