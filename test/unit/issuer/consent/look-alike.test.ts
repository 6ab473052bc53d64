import { describe, expect, it } from '@jest/globals'
import { lookAlikes } from '../../../../src/adapter/issuer/consent/look-alike.js'

const about = (name: string | undefined, uri: string, clientId?: string): readonly string[] =>
  lookAlikes({ name, uri, clientId }).map((found) =>
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
    ['Open Air Cinema', 'https://open-air.example/callback'],
    ['Precla Udemy', 'https://precla.example/callback'],
    ['Audio Clues', 'https://acme.example/callback'],
    ['Clara Udelhoven', 'https://acme.example/callback'],
    ['Code 4 U', 'https://acme.example/callback'],
    ['V6 Engine Code', 'https://acme.example/callback'],
    ['Chat GP Surgery', 'https://acme.example/callback'],
    ['Notes 365', 'https://acme.example/callback'],
    ['ᴀᴄᴍᴇ', 'https://acme.example/callback'],
    ['🅰🅲🅼🅴', 'https://acme.example/callback'],
    ['🇨🇭 Notes', 'https://acme.example/callback'],
    ['ThePrecursor', 'https://acme.example/callback'],
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
    ['My C.l.a.u.d.e Connector', 'https://collect.example/cb', 'Claude'],
    ['Cl aude', 'https://collect.example/cb', 'Claude'],
    ['Claude-Al', 'https://collect.example/cb', 'Claude'],
    ['ClaudeAl', 'https://collect.example/cb', 'Claude'],
    ['cLaUdE', 'https://collect.example/cb', 'Claude'],
    ['theClaudeapp', 'https://collect.example/cb', 'Claude'],
    ['Cl4ude', 'https://collect.example/cb', 'Claude'],
    ['Cl4ud3', 'https://collect.example/cb', 'Claude'],
    ['4nthr0p1c', 'https://collect.example/cb', 'Claude'],
    ['Claaude', 'https://collect.example/cb', 'Claude'],
    ['Cllaauuddee', 'https://collect.example/cb', 'Claude'],
    ['ᴄlaude', 'https://collect.example/cb', 'Claude'],
    ['ᴄʟᴀᴜᴅᴇ', 'https://collect.example/cb', 'Claude'],
    ['🅲🅻🅰🆄🅳🅴', 'https://collect.example/cb', 'Claude'],
    ['🅒🅛🅐🅤🅓🅔', 'https://collect.example/cb', 'Claude'],
    ['🄲🄻🄰🅄🄳🄴', 'https://collect.example/cb', 'Claude'],
    ['Ⓒⓛⓐⓤⓓⓔ', 'https://collect.example/cb', 'Claude'],
    ['⒞⒧⒜⒰⒟⒠', 'https://collect.example/cb', 'Claude'],
    ['🇨🇱🇦🇺🇩🇪', 'https://collect.example/cb', 'Claude'],
    ['ᑕᒪᗩᑌᗪᕮ', 'https://collect.example/cb', 'Claude'],
    ['ᏟᏞᎪᏌᎠᎬ', 'https://collect.example/cb', 'Claude'],
    ['ꓚꓡꓮꓴꓓꓰ', 'https://collect.example/cb', 'Claude'],
    ['C£@ud€', 'https://collect.example/cb', 'Claude'],
    ['ChatGTP', 'https://collect.example/cb', 'ChatGPT'],
    ['Chat-GPT', 'https://collect.example/cb', 'ChatGPT'],
    ['ChatGPT', 'http://127.0.0.1:7000/cb', 'ChatGPT'],
    ['VS Code', 'https://collect.example/cb', 'Visual Studio Code'],
    ['Visual Studio Code', 'https://vscode.dev.collect.example/cb', 'Visual Studio Code'],
    ['Visual Studio Code', 'cursor://somebody.else/cb', 'Visual Studio Code'],
    ['Cursor', 'https://collect.example/cb', 'Cursor'],
    ['Cursоr', 'https://collect.example/cb', 'Cursor'],
    ['CursorApp', 'https://collect.example/cb', 'Cursor'],
    ['myCursor', 'https://collect.example/cb', 'Cursor'],
    ['Cursor2024', 'https://collect.example/cb', 'Cursor'],
    ['C u r s o r IDE', 'https://collect.example/cb', 'Cursor'],
    ['ᴄᴜʀsᴏʀ', 'https://collect.example/cb', 'Cursor'],
    ['V S C o d e', 'https://collect.example/cb', 'Visual Studio Code'],
    ['Open A I', 'https://collect.example/cb', 'ChatGPT'],
    ['OpenAIConnector', 'https://collect.example/cb', 'ChatGPT'],
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
    ['https://cIaude.ai/cb', ['host of Claude']],
    ['https://cl4ude.ai/cb', ['host of Claude']],
    ['https://cl-aude.ai/cb', ['host of Claude']],
    ['https://claude.ai.evil.example/cb', ['host of Claude']],
    ['https://open-air.example/cb', []],
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
    const punycode = { about: 'punycode', of: 'destination', reads: 'сlаudе.ai' }
    expect(lookAlikes({ name: 'Acme', uri: href })).toContainEqual(punycode)
    expect(about('Acme', new URL('https://bücher.example/cb').href)).toEqual(['punycode'])
  })
})

describe('the host that a client publishes its document at', () => {
  const theirs = 'https://claude.ai/api/mcp/auth_callback'

  it.each([
    ['https://claude.ai.evil.example/client.json', ['host of Claude']],
    ['https://cIaude.ai/client.json', ['host of Claude']],
    ['https://claude-ai.example/client.json', ['host of Claude']],
    ['https://chatgpt.example/client.json', ['host of ChatGPT']],
    [new URL('https://сlаudе.ai/client.json').href, ['host of Claude', 'punycode']],
    ['https://claude.ai/client.json', []],
    ['https://acme.example/client.json', []],
    ['https://precursor.example/client.json', []],
    ['registered-client', []],
  ])('is warned of where it reads like that of a known client: %s', (clientId, expected) => {
    expect(about('Acme', 'https://acme.example/cb', clientId)).toEqual(expected)
  })

  it.each([
    ['Claude', theirs, 'https://evil.example/client.json', ['publisher of Claude']],
    ['Claude Code', 'http://127.0.0.1/cb', 'https://evil.example/client.json', ['publisher of Claude']],
    ['Claude Code', 'http://127.0.0.1/cb', 'https://claude.ai/oauth/claude-code.json', []],
    ['Claude Code', 'http://127.0.0.1/cb', 'registered-client', []],
    ['Visual Studio Code', 'https://vscode.dev/redirect', 'https://vscode.dev/client.json', []],
    ['MCP Inspector', 'http://127.0.0.1/cb', 'https://inspector.example/client.json', []],
    ['Acme', 'https://acme.example/cb', 'https://evil.example/client.json', []],
  ])('is warned of where it is not that of who the client says it is: %s at %s by %s', (name, uri, id, expected) => {
    expect(about(name, uri, id)).toEqual(expected)
  })

  it('is warned of once where it is the one that the access goes to', () => {
    const found = lookAlikes({
      name: 'Acme',
      uri: 'https://claude-ai.example/cb',
      clientId: 'https://claude-ai.example/c',
    })
    expect(found).toEqual([{ about: 'host', of: 'destination', client: expect.objectContaining({ name: 'Claude' }) }])
  })
})
