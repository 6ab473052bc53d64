// The server of `npm run bench:data`: in production, for any tenant, with one tool that is protected.
import { allowInProcessManager, createAuthSecApp, protectedByAuthSec } from '../../dist/index.js'

const parent = process.ppid
// A run that is killed ends nothing: whoever it started has to notice.
setInterval(() => process.ppid !== parent && process.exit(1), 1_000).unref()

// What is in use, not what is yet to be collected.
process.on('SIGUSR2', () => {
  globalThis.gc()
  const { external, heapUsed, rss } = process.memoryUsage()
  process.stdout.write(`memory: ${JSON.stringify({ heap: heapUsed + external, resident: rss })}\n`)
})

const tools = [protectedByAuthSec('hello', {}, () => 'hello')]
await createAuthSecApp({ tools, clientId: 'bench', tenants: 'any', [allowInProcessManager]: true }).listen()
