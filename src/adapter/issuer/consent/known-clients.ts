import { spells, wordsOf } from './letter-skeleton.js'

/** A client that many people know, and where its sign-ins end. */
export interface KnownClient {
  readonly name: string
  /** What names that mean it say, spoken as one word. */
  readonly words: readonly string[]
  /** Whether such a word in the middle of another one means it, too: not where it is a word of its own. */
  readonly match: 'anywhere' | 'whole word'
  /** Hosts, each with all below it. */
  readonly hosts: readonly string[]
  /** Schemes of private use, with their colon. */
  readonly schemes: readonly string[]
  readonly loopback: 'used' | 'not used'
}

/**
 * Clients whose name is worth taking. Where their sign-ins end is what they register and publish: Claude in its help for
 * connectors (`https://claude.ai/api/mcp/auth_callback`, the same at claude.com; Claude Code on loopback), ChatGPT in its
 * documentation of apps (`https://chatgpt.com/connector_platform_oauth_redirect`), Visual Studio Code in microsoft/vscode#278512
 * (vscode.dev, insiders.vscode.dev and loopback), Cursor in its documentation (`cursor://anysphere.cursor-mcp/oauth/callback`,
 * www.cursor.com), the MCP Inspector in its source (loopback alone).
 */
export const knownClients: readonly KnownClient[] = [
  {
    ...{ name: 'Claude', words: ['claude', 'anthropic'], match: 'anywhere', loopback: 'used' },
    ...{ hosts: ['claude.ai', 'claude.com', 'anthropic.com'], schemes: [] },
  },
  {
    ...{ name: 'ChatGPT', words: ['chatgpt', 'openai'], match: 'anywhere', loopback: 'not used' },
    ...{ hosts: ['chatgpt.com', 'openai.com'], schemes: [] },
  },
  {
    ...{ name: 'Visual Studio Code', words: ['vscode', 'visualstudiocode'], match: 'anywhere', loopback: 'used' },
    ...{ hosts: ['vscode.dev'], schemes: ['vscode:', 'vscode-insiders:'] },
  },
  {
    ...{ name: 'Cursor', words: ['cursor'], match: 'whole word', loopback: 'used' },
    ...{ hosts: ['cursor.com'], schemes: ['cursor:'] },
  },
  {
    ...{ name: 'MCP Inspector', words: ['inspector', 'mcpinspector'], match: 'whole word', loopback: 'used' },
    ...{ hosts: [], schemes: [] },
  },
]

/** Where the sign-ins of a client end, in words. */
export function placesOf({ hosts, loopback, schemes }: KnownClient): readonly string[] {
  return [...hosts, ...schemes, ...(loopback === 'used' ? ['this computer'] : [])]
}

/** The client that a text calls itself, or looks as if it did. */
export function clientIn(text: string): KnownClient | undefined {
  const words = wordsOf(text)
  return knownClients.find(({ match, words: known }) =>
    known.some((name) => {
      const [wanted = ''] = wordsOf(name)
      if (match === 'anywhere' && words.some((word) => word.includes(wanted))) return true
      return spells(text, wanted) || words.some((word) => isSlipOf(word, wanted))
    }),
  )
}

/** The same word, or one with a letter too many, one missing, or two in the other order. */
function isSlipOf(word: string, wanted: string): boolean {
  if (word === wanted) return true
  if (Math.abs(word.length - wanted.length) > 1) return false
  const [longer, shorter] = word.length > wanted.length ? [word, wanted] : [wanted, word]
  if (longer.length !== shorter.length) return dropsTo(longer, shorter)
  const first = [...word].findIndex((letter, index) => letter !== wanted[index])
  const [one = '', other = ''] = word.slice(first, first + 2)
  return word.slice(0, first) + other + one + word.slice(first + 2) === wanted
}

function dropsTo(longer: string, shorter: string): boolean {
  return [...longer].some((_, index) => longer.slice(0, index) + longer.slice(index + 1) === shorter)
}
