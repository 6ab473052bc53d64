import { createHash } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import { createStdioEdge } from '../adapter/mcp/stdio/create-stdio-edge.js'
import { ConfigurationError } from '../core/error/configuration-error.js'
import type { Browser } from '../core/sign-in/browser.js'
import { ClosingStack } from './closing-stack.js'
import { accountsFile, type LocalAccount } from './development/local-accounts.js'
import type { ServerOptions } from './server-options.js'
import { openParts } from './server-parts.js'
import { openListener, type HttpHandler, type Listener } from './listener.js'
import { observeRequests } from './observe/observe-requests.js'
import { recordRun } from './record-run.js'
import { connectReturnOf } from './sign-in-parts.js'
import { createSignInKeeper } from './sign-in-keeper.js'
import { openFoundations } from './start-server.js'

export interface StdioOptions extends ServerOptions {
  readonly input: Readable
  readonly output: Writable
  readonly browser: Browser
}

export interface RunningStdio {
  /** Where the sign-in pages are. */
  readonly pagesUrl: string
  readonly accountsFile: string
  readonly created: readonly LocalAccount[]
  /** Resolves when the client has closed our input and all that it asked for is answered. */
  readonly ended: Promise<void>
  close(): Promise<void>
}

const drainMilliseconds = 1_500
/** A browser holds connections open that it may never use. */
const pagesMilliseconds = 1_000

/** Composes and starts a server on standard input and output, with its sign-in pages on loopback. What was started before a failure is stopped again. */
export async function startStdio(options: StdioOptions): Promise<RunningStdio> {
  const stack = new ClosingStack()
  try {
    return await serve(options, stack)
  } catch (error) {
    await stack.close()
    throw error
  }
}

async function serve(options: StdioOptions, stack: ClosingStack): Promise<RunningStdio> {
  const { settings, assembly, appName, input, output, log } = options
  const base = await openFoundations(options, { stack, listener: await openPagesListener(options) })
  const { application, authenticator, created, guard, issuer, signIn } = await openParts(options, base, {
    paths: ['/mcp'],
    tools: 'served',
    browser: settings.openBrowser ? options.browser : undefined,
  })
  if (signIn === undefined || issuer === undefined) throw new TypeError('a server on stdio needs the five tools')
  const pages: readonly HttpHandler[] = [
    connectReturnOf(base),
    signIn.pages,
    (request, response) => issuer.handle(request, response),
  ]
  base.listener.serve([observeRequests(pages, { tracer: base.tracer, meter: undefined })])
  await recordRun(options, base, 'stdio')
  const keeper = createSignInKeeper({
    home: settings.home,
    clientId: application.clientId,
    keyOf: (secret) => signIn.sessionSignIn.keyOf(secret),
    tenants: base.data.postgres.tenants,
  })
  const serverInfo = assembly.serverInfo ?? { name: appName, version: '0.0.0' }
  const { changes, grants } = base.data.postgres
  const edge = await createStdioEdge({
    ...{ guard, authenticator, serverInfo, keeper, changes, grants },
    ...{ input, output, log },
  })
  stack.add(async () => {
    await Promise.all([base.listener.close(pagesMilliseconds), edge.close(drainMilliseconds)])
  })
  return {
    pagesUrl: base.publicUrl,
    accountsFile: accountsFile(settings.home),
    created,
    ended: edge.ended,
    close: () => stack.close(),
  }
}

/**
 * Without `PORT`, one that is the same at each start, so that the browser knows the pages again and its cookies do not pile up
 * under ever new names; where that one is taken, any.
 */
async function openPagesListener({ settings, log }: ServerOptions): Promise<Listener> {
  const { clientId, home, host, port } = settings
  if (port !== 0) return openListener({ host, port, log })
  try {
    return await openListener({ host, port: usualPort(home, clientId), log })
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return openListener({ host, port: 0, log })
  }
}

/** Below those that systems give out by themselves. */
function usualPort(home: string, clientId: string): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([home, clientId]))
    .digest()
  return 20_000 + (digest.readUInt32BE(0) % 10_000)
}
