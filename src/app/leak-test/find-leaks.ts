import { openBench, type Bench } from './bench.js'
import { checkAnswers } from './check-answers.js'
import { checkCaching } from './check-caching.js'
import { checkHiddenTools } from './check-hidden-tools.js'
import { checkSessions } from './check-sessions.js'
import { checkTenants } from './check-tenants.js'
import { knowCallers } from './known-caller.js'
import { concludeCheck, leakChecks, type Findings, type LeakCheck, type LeakReport } from './leak-report.js'
import { planLeakTest, type LeakTestOptions } from './leak-test-options.js'
import { TestedServer } from './tested-server.js'

const checks: Readonly<Record<LeakCheck, (bench: Bench) => Promise<Findings>>> = {
  answers: checkAnswers,
  sessions: checkSessions,
  'hidden-tools': checkHiddenTools,
  tenants: checkTenants,
  caching: checkCaching,
}

/**
 * Looks whether a running MCP server gives one caller what is another's: answers, sessions, hidden tools, tenants, cached answers.
 * It works like any client, for every server with Streamable HTTP, and calls no tool that it was not told to call. Throws `TypeError`
 * for options that cannot be meant, `RefusedError` for a caller who is not let in, `ServerSilentError` where the server does not answer.
 *
 * @example
 * ```ts
 * const callers = [{ token: tokenOfAcme }, { token: tokenOfGlobex }]
 * const { leaks } = await findLeaks({ url: 'https://mcp.example.com/mcp', callers, calls: [{ name: 'hello' }] })
 * expect(leaks).toEqual([])
 * ```
 */
export async function findLeaks(options: LeakTestOptions): Promise<LeakReport> {
  const plan = planLeakTest(options)
  const callers = knowCallers(plan.callers)
  const server = new TestedServer(plan.url, AbortSignal.timeout(plan.seconds * 1000))
  const bench = await openBench(server, plan, callers)
  const concluded = []
  const notes: string[] = []
  for (const check of leakChecks) {
    const findings = await checks[check](bench)
    notes.push(...(findings.notes ?? []))
    concluded.push(concludeCheck(check, findings))
  }
  return {
    url: plan.url.href,
    callers: callers.map(({ name }) => name),
    requests: server.requests,
    checks: concluded.map(({ result }) => result),
    leaks: concluded.flatMap(({ leaks }) => leaks),
    notes,
  }
}
