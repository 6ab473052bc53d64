// One replica of `npm run test:replicas`: a production server whose protected tool notes in a file that it ran, and as which call.
import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { allowInProcessManager, createAuthSecApp, protectedByAuthSec } from '../../dist/index.js'

const runs = process.env['RUNS_FILE']
const parent = process.ppid

const tools = [
  protectedByAuthSec('hello', {}, () => 'hello'),
  protectedByAuthSec(
    'post_entry',
    { roles: ['clerk'], input: z.object({ nonce: z.string() }) },
    async (input, call) => {
      appendFileSync(runs, `${call.requestId} ${input.nonce}\n`)
      await pause(Math.random() * 200)
      return input.nonce
    },
  ),
]

// A test run that is killed ends nothing: whoever it started has to notice.
setInterval(() => process.ppid !== parent && process.exit(1), 1_000).unref()

await createAuthSecApp({ tools, clientId: 'replicas', tenants: ['acme'], [allowInProcessManager]: true }).listen()
