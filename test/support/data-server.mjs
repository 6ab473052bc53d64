// The server of `npm run bench:data`: in production, for any tenant, with one tool that is protected.
import { allowInProcessManager, createAuthSecApp, protectedByAuthSec } from '../../dist/index.js'

const parent = process.ppid
// A run that is killed ends nothing: whoever it started has to notice.
setInterval(() => process.ppid !== parent && process.exit(1), 1_000).unref()

const tools = [protectedByAuthSec('hello', {}, () => 'hello')]
await createAuthSecApp({ tools, clientId: 'bench', tenants: 'any', [allowInProcessManager]: true }).listen()
