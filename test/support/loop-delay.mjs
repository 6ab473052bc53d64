// Preloaded into a server process: on SIGUSR2 writes how late its event loop was since the last time to the file in DELAY_FILE.
import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const delay = monitorEventLoopDelay({ resolution: 5 })
delay.enable()
process.on('SIGUSR2', () => {
  const milliseconds = (nanoseconds) => Math.round(nanoseconds / 1e4) / 100
  writeFileSync(
    process.env['DELAY_FILE'],
    JSON.stringify({ p50: milliseconds(delay.percentile(50)), p99: milliseconds(delay.percentile(99)) }),
  )
  delay.reset()
})
