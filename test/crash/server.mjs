// One server of `npm run test:crash`: in production, with a protected tool that puts it on disk that it ran, and as which call.
import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { allowInProcessManager, createAuthSecApp, protectedByAuthSec } from '../../dist/index.js'

const parent = process.ppid
// A run that is killed ends nothing: whoever it started has to notice.
setInterval(() => process.ppid !== parent && process.exit(1), 1_000).unref()

const input = z.object({ nonce: z.string(), ms: z.number() })
const tools = [
  protectedByAuthSec('book', { input }, async ({ nonce, ms }, call) => {
    // `as`: to the end, and on the disk once it returns.
    appendFileSync(process.env.RUNS_FILE, `${call.requestId} ${nonce}\n`, { flag: 'as' })
    await pause(ms)
    return nonce
  }),
  protectedByAuthSec('hidden', { roles: ['nobody'] }, () => 'hidden'),
]
await createAuthSecApp({ tools, clientId: 'crash', tenants: ['acme'], [allowInProcessManager]: true }).listen()
