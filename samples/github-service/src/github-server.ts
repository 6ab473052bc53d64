import { McpServer, ProtectedByAuthSec, ServiceAccess, ToolError } from 'authsec'
import { IssueInput } from './issue-input.js'

const github = 'GitHub API Integration'
const headers = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' }

interface Repository {
  readonly full_name: string
  readonly stargazers_count: number
}

@McpServer({ name: 'GitHub', version: '1.0.0' })
export class GitHubServer {
  @ProtectedByAuthSec({ scopes: ['read'], services: [github], description: 'Lists your GitHub repositories' })
  async listMyRepos(services: ServiceAccess): Promise<string> {
    const answer = await services.fetch(github, '/user/repos?per_page=10&sort=updated', { headers })
    if (!answer.ok) throw new ToolError(`GitHub answered with status ${answer.status}`)
    const repositories = (await answer.json()) as readonly Repository[]
    const lines = repositories.map(({ full_name, stargazers_count }) => `- ${full_name} (${stargazers_count} ⭐)`)
    return ['Your GitHub Repositories:', ...lines].join('\n')
  }

  @ProtectedByAuthSec({ scopes: ['write'], services: [github], description: 'Opens an issue in a repository' })
  async createIssue(input: IssueInput, services: ServiceAccess): Promise<string> {
    const { body, owner, repository, title } = input
    const answer = await services.fetch(github, `/repos/${owner}/${repository}/issues`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ title, body }),
    })
    if (answer.status !== 201) throw new ToolError(`GitHub answered with status ${answer.status}`)
    const { html_url } = (await answer.json()) as { readonly html_url: string }
    return `Opened ${html_url}`
  }
}
