import { describe, expect, it } from '@jest/globals'
import { lookAlikes } from '../../../../src/adapter/issuer/consent/look-alike.js'

const about = (name: string | undefined, redirectUri: string): readonly string[] =>
  lookAlikes(name, redirectUri).map((found) =>
    'client' in found ? `${found.about} of ${found.client.name}` : found.about,
  )

describe('a client that is what it says', () => {
  it.each([
    ['Claude', 'https://claude.ai/api/mcp/auth_callback'],
    ['Claude', 'https://claude.com/api/mcp/auth_callback'],
    ['Claude Code (invoices)', 'http://localhost:54545/callback'],
    ['ChatGPT', 'https://chatgpt.com/connector_platform_oauth_redirect'],
    ['Visual Studio Code', 'https://vscode.dev/redirect'],
    ['Visual Studio Code - Insiders', 'https://insiders.vscode.dev/redirect'],
    ['VS Code', 'http://127.0.0.1:33418/'],
    ['Cursor', 'cursor://anysphere.cursor-mcp/oauth/callback'],
    ['Cursor', 'https://www.cursor.com/agents/mcp/oauth/callback'],
    ['MCP Inspector', 'http://localhost:6274/oauth/callback'],
    ['Invoices', 'https://invoices.example/callback'],
    ['Präcursor', 'https://precursor.example/callback'],
    ['Клиент Acme', 'https://acme.example/callback'],
    ['Ελληνικά', 'https://acme.example/callback'],
    [undefined, 'https://acme.example/callback'],
  ])('is warned of by nothing: %s at %s', (name, redirectUri) => {
    expect(about(name, redirectUri)).toEqual([])
  })
})

describe('a name that says a known client', () => {
  it.each([
    ['Claude', 'https://collect.example/cb', 'Claude'],
    ['CLAUDE for Work', 'https://collect.example/cb', 'Claude'],
    ['Claude', 'https://claude.ai.collect.example/cb', 'Claude'],
    ['C1aude', 'https://collect.example/cb', 'Claude'],
    ['Cl4ude by Anthropic', 'https://collect.example/cb', 'Claude'],
    ['Cluade', 'https://collect.example/cb', 'Claude'],
    ['Claud', 'https://collect.example/cb', 'Claude'],
    ['Сlаudе', 'https://collect.example/cb', 'Claude'],
    ['Ｃｌａｕｄｅ', 'https://collect.example/cb', 'Claude'],
    ['𝐂𝐥𝐚𝐮𝐝𝐞', 'https://collect.example/cb', 'Claude'],
    ['Ċláudé', 'https://collect.example/cb', 'Claude'],
    ['C l a u d e', 'https://collect.example/cb', 'Claude'],
    ['ChatGTP', 'https://collect.example/cb', 'ChatGPT'],
    ['Chat-GPT', 'https://collect.example/cb', 'ChatGPT'],
    ['ChatGPT', 'http://127.0.0.1:7000/cb', 'ChatGPT'],
    ['VS Code', 'https://collect.example/cb', 'Visual Studio Code'],
    ['Visual Studio Code', 'https://vscode.dev.collect.example/cb', 'Visual Studio Code'],
    ['Visual Studio Code', 'cursor://somebody.else/cb', 'Visual Studio Code'],
    ['Cursor', 'https://collect.example/cb', 'Cursor'],
    ['Cursоr', 'https://collect.example/cb', 'Cursor'],
    ['Cursor', 'vscode://somebody.else/cb', 'Cursor'],
    ['MCP Inspector', 'https://collect.example/cb', 'MCP Inspector'],
    ['inspector', 'com.example.app:/cb', 'MCP Inspector'],
  ])('and is answered elsewhere is warned of: %s at %s', (name, redirectUri, client) => {
    expect(about(name, redirectUri)).toContain(`name of ${client}`)
  })
})

describe('letters of several alphabets', () => {
  it.each([
    ['Aсme', 'https://acme.example/cb', ['letters']],
    ['Αcme', 'https://acme.example/cb', ['letters']],
    ['Acme Клиент', 'https://acme.example/cb', []],
  ])('are warned of inside one word: %s', (name, redirectUri, expected) => {
    expect(about(name, redirectUri)).toEqual(expected)
  })
})

describe('a host that reads like that of a known client', () => {
  it.each([
    ['https://claude-ai.example/cb', ['host of Claude']],
    ['https://c1aude.ai/cb', ['host of Claude']],
    ['https://claude.ai.example/cb', ['host of Claude']],
    ['https://chatgpt.com.co/cb', ['host of ChatGPT']],
    ['https://vscode-dev.example/cb', ['host of Visual Studio Code']],
    ['https://cursor.example/cb', ['host of Cursor']],
    ['https://api.claude.ai/cb', []],
    ['https://precursor.example/cb', []],
    ['https://inspector.example/cb', []],
    ['http://127.0.0.1:9/claude', []],
  ])('is warned of: %s', (redirectUri, expected) => {
    expect(about('Acme', redirectUri)).toEqual(expected)
  })

  it('is warned of in other letters, which are shown as a browser shows them', () => {
    const { href } = new URL('https://сlаudе.ai/cb')
    expect(about('Acme', href)).toEqual(['host of Claude', 'punycode'])
    expect(lookAlikes('Acme', href)).toContainEqual({ about: 'punycode', reads: 'сlаudе.ai' })
    expect(about('Acme', new URL('https://bücher.example/cb').href)).toEqual(['punycode'])
  })
})
