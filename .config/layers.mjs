// `npm run check:layers`: the rules of .dependency-cruiser.cjs, and what dependency-cruiser cannot see.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { parseSync } from '@swc/core'
import { cruise } from 'dependency-cruiser'

const { options, ...ruleSet } = createRequire(import.meta.url)(resolve('.dependency-cruiser.cjs'))
const cruised = await cruise(
  ['src', 'samples'].filter((folder) => existsSync(folder)),
  { ...options, ruleSet, validate: true },
)
const modules = cruised.output.modules.map(({ source }) => source).filter((source) => /^src\/.*\.ts$/.test(source))

const violations = [
  ...cruised.output.summary.violations.map(({ rule, from, to, cycle }) => {
    const route = (cycle?.map(({ name }) => name) ?? [to]).filter((name) => name !== from)
    return `${rule.name}: ${[from, ...route].join(' -> ')}${hint(rule.name)}`
  }),
  ...modules.flatMap(placeViolations),
  ...modules.flatMap(syntaxViolations),
]

for (const violation of violations) console.error(violation)
if (modules.length === 0) console.error('no-modules: nothing below src/ was read, so nothing was checked')
if (modules.length === 0 || violations.length > 0) process.exit(1)
console.log(`${modules.length} modules, no violation`)

function hint(name) {
  const comment = ruleSet.forbidden.find((rule) => rule.name === name)?.comment
  return comment ? ` (${comment})` : ''
}

/** A file outside every wing is under no rule. */
function placeViolations(path) {
  if (/^src\/((core|framework|adapter|service|app|mount|cli|testing)\/|(index|metadata|stdio)\.ts$)/.test(path))
    return []
  return [`unknown-wing: ${path} is in no layer of the design`]
}

/** Forms of import that dependency-cruiser with swc does not report, and servers outside the listener. */
function syntaxViolations(path) {
  const source = readFileSync(join(process.cwd(), path), 'utf8')
  const found = new Set()
  const imported = new Set()
  const names = new Set()
  walk(parseSync(source, { syntax: 'typescript', decorators: true, target: 'es2023' }), (node) => {
    if (node.type === 'TsImportType') found.add("inline-import-type: import('x').Type: write an import statement")
    if (node.type === 'TsImportEqualsDeclaration') found.add('import-equals: write an import statement')
    if (node.type === 'ImportDeclaration' && !node.typeOnly) imported.add(node.source.value)
    if (node.type === 'Identifier') names.add(node.value)
    if (node.type === 'NewExpression') names.add(`new ${node.callee.property?.value ?? node.callee.value}`)
    if (node.type === 'CallExpression' && node.callee.type === 'Import' && !isConstant(node.arguments[0]?.expression)) {
      if (!path.startsWith('src/cli/')) found.add('computed-import: only the command line loads what a user names')
    }
  })
  if (/^\s*\/\/\/\s*<reference/m.test(source)) found.add('reference-directive: write an import statement')
  const speaksHttp = [...imported].some((name) => /^(node:)?(http|https|http2)$/.test(name))
  const serves = ['createServer', 'createSecureServer', 'new Server'].some((name) => names.has(name))
  if (speaksHttp && serves && !path.startsWith('src/app/listener')) {
    found.add('one-http-server: only src/app/listener* creates a server')
  }
  return [...found].map((violation) => violation.replace(': ', `: ${path}: `))
}

function isConstant(node) {
  return node?.type === 'StringLiteral' || (node?.type === 'TemplateLiteral' && node.expressions.length === 0)
}

function walk(node, visit) {
  if (Array.isArray(node)) for (const item of node) walk(item, visit)
  else if (node !== null && typeof node === 'object') {
    if (typeof node.type === 'string') visit(node)
    for (const value of Object.values(node)) if (typeof value === 'object') walk(value, visit)
  }
}
