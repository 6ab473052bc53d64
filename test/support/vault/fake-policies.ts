export type Capability = 'create' | 'read' | 'update' | 'delete' | 'list'

interface Rule {
  readonly pattern: RegExp
  readonly path: string
  readonly capabilities: readonly string[]
}

// What every token may do about itself, unless it is made without this policy.
const defaultPolicy = `
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
path "sys/capabilities-self" { capabilities = ["update"] }
path "sys/leases/renew" { capabilities = ["update"] }
`

/** Policies of Vault: globs at the end, `+` for one segment, comments. */
export class FakePolicies {
  readonly #rules = new Map<string, readonly Rule[]>([['default', parse(defaultPolicy)]])

  write(name: string, text: string): void {
    this.#rules.set(name, parse(text))
  }

  /** What a token with these policies may do there. */
  capabilities(policies: readonly string[], path: string): readonly string[] {
    if (policies.includes('root')) return ['root']
    const found = this.#of(policies).filter(({ pattern }) => pattern.test(path))
    const all = new Set(found.flatMap(({ capabilities }) => capabilities))
    return all.size === 0 || all.has('deny') ? ['deny'] : [...all]
  }

  allows(policies: readonly string[], path: string, capability: Capability): boolean {
    const has = this.capabilities(policies, path)
    return has.includes('root') || has.includes(capability)
  }

  /** Whether there is anything below the mount that they may do. */
  know(policies: readonly string[], mount: string): boolean {
    return policies.includes('root') || this.#of(policies).some(({ path }) => path.startsWith(`${mount}/`))
  }

  #of(policies: readonly string[]): readonly Rule[] {
    return policies.flatMap((name) => this.#rules.get(name) ?? [])
  }
}

function parse(text: string): readonly Rule[] {
  const rules = text
    .replaceAll(/^\s*#.*$/gm, '')
    .matchAll(/path\s+"([^"]+)"\s*\{\s*capabilities\s*=\s*\[([^\]]*)\]\s*\}/g)
  return [...rules].map(([, path = '', list = '']) => {
    const capabilities = [...list.matchAll(/"([a-z]+)"/g)].map(([, name = '']) => name)
    return { path, pattern: patternOf(path), capabilities }
  })
}

function patternOf(path: string): RegExp {
  const open = path.endsWith('*')
  const plain = (open ? path.slice(0, -1) : path).replaceAll(/[.?^$()[\]{}|\\]/g, String.raw`\$&`)
  return new RegExp(`^${plain.replaceAll('+', '[^/]+')}${open ? '' : '$'}`)
}
