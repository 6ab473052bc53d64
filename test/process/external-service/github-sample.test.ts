import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpError, type CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { CliSite } from '../../support/cli-site.js'
import { listenHttp, type TestListener } from '../../support/test-listener.js'

const name = 'GitHub API Integration'
const token = 'gho_3vT9kQpR7w'
const repositories = [
  { full_name: 'octocat/hello-world', stargazers_count: 80, private: false },
  { full_name: 'octocat/spoon-knife', stargazers_count: 12, private: false },
]

/** The part of GitHub's REST API that the sample uses: what it wants to be sent, and what it says where that is missing. */
async function answerAsGitHub(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk as Uint8Array)
  const answer = (status: number, body: unknown): void =>
    void response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
  const { headers, method, url } = request
  if (headers['user-agent'] === undefined)
    return answer(403, {
      message: 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header',
    })
  if (headers.authorization !== `Bearer ${token}`) return answer(401, { message: 'Bad credentials' })
  if (method === 'GET' && url === '/user/repos?per_page=10&sort=updated') return answer(200, repositories)
  if (method === 'POST' && url === '/repos/octocat/hello-world/issues') {
    const { title } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly title: string }
    return answer(201, { number: 7, title, html_url: 'https://github.com/octocat/hello-world/issues/7' })
  }
  return answer(404, { message: 'Not Found' })
}

let github: TestListener
let site: CliSite
beforeAll(async () => {
  github = await listenHttp((request, response) => void answerAsGitHub(request, response), '127.0.0.1')
  site = await CliSite.start('samples/github-service/dist/main.js')
}, 60_000)
afterAll(async () => {
  await site?.close()
  await github?.close()
})

/** What a client of this user's is answered. */
async function call(user: string, tool: string, args: Record<string, unknown> = {}): Promise<string> {
  const { stdout } = await site.done('token', '--user', user)
  const client = new Client({ name: 'test', version: '1' })
  const requestInit = { headers: { authorization: `Bearer ${stdout.trim()}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(site.server.url), { requestInit }))
  try {
    const { content } = (await client.callTool({ name: tool, arguments: args })) as CallToolResult
    return content.map((part) => (part.type === 'text' ? part.text : part.type)).join('')
  } catch (error) {
    if (error instanceof McpError) return error.message
    throw error
  } finally {
    await client.close()
  }
}

describe('the sample with GitHub', () => {
  it('lists repositories and opens an issue for who may, once an administrator has given it the service and its token', async () => {
    expect(await call('john@company.com', 'list_my_repos')).toMatch(/^GitHub API Integration is not set up here/)
    const place = ['--tenant', 'acme-corp', '--url', `http://127.0.0.1:${github.port}`, '--private-network']
    await site.done('service', 'add', name, ...place, '--auth', 'bearer_token', '--everybody')
    const given = await site.runWithInput(`${token}\n`, 'service', 'set-credential', name, '--tenant', 'acme-corp')
    expect(given).toMatchObject({ code: 0 })

    expect(await call('john@company.com', 'list_my_repos')).toBe(
      'Your GitHub Repositories:\n- octocat/hello-world (80 ⭐)\n- octocat/spoon-knife (12 ⭐)',
    )
    const issue = { owner: 'octocat', repository: 'hello-world', title: 'It works' }
    expect(await call('john@company.com', 'create_issue', issue)).toBe(
      'Opened https://github.com/octocat/hello-world/issues/7',
    )
    expect(await call('john@company.com', 'create_issue', { ...issue, repository: 'other' })).toBe(
      'GitHub answered with status 404',
    )
    expect(await call('guest@company.com', 'list_my_repos')).toMatch(/Unknown tool/)
    expect(await call('eve@globex.test', 'list_my_repos')).not.toMatch(/octocat/)
    expect(`${given.stdout}${given.stderr}${site.server.stdout()}${site.server.stderr()}`).not.toContain(token)
  }, 60_000)
})
