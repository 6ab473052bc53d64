// House rules that oxlint does not have, as one small plugin of its own.

const noBareError = {
  meta: { type: 'problem', schema: [] },
  create: (context) => ({
    ThrowStatement(node) {
      const thrown = node.argument
      const creates = thrown?.type === 'NewExpression' || thrown?.type === 'CallExpression'
      if (!creates || thrown.callee.type !== 'Identifier' || thrown.callee.name !== 'Error') return
      context.report({ node, message: 'Throw a subclass of AuthSecError, or a TypeError for misuse.' })
    },
  }),
}

const noExportAll = {
  meta: { type: 'problem', schema: [] },
  create: (context) => ({
    ExportAllDeclaration(node) {
      context.report({ node, message: 'Export by name: `export *` publishes what nobody meant to.' })
    },
  }),
}

const globalObjects = new Set(['global', 'globalThis', 'self', 'window'])
const globalClients = new Set(['EventSource', 'WebSocket', 'XMLHttpRequest', 'fetch'])
const clientModules = /^(node:)?(http|https|http2|net|tls)$/
const moduleClients = new Set([
  ...['Agent', 'ClientRequest', 'WebSocket', 'globalAgent'],
  ...['connect', 'createConnection', 'default', 'get', 'request'],
])

/** No way to others but `src/adapter/net`: neither a global, nor a module of Node's that connects. Types and servers are free. */
const noBareFetch = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const report = (node) => context.report({ node, message: 'Ask others through the Fetcher of src/adapter/net.' })
    const isDeclared = (node) => {
      for (let scope = context.sourceCode.getScope(node); scope !== null; scope = scope.upper) {
        if (scope.set.get(node.name)?.defs.length > 0) return true
      }
      return false
    }
    const isGlobalObject = (node) => node?.type === 'Identifier' && globalObjects.has(node.name) && !isDeclared(node)
    const readImport = (node) => {
      if (node.importKind === 'type' || node.exportKind === 'type' || !clientModules.test(node.source?.value)) return
      for (const specifier of node.specifiers) {
        if (specifier.importKind === 'type' || specifier.exportKind === 'type') continue
        const name = specifier.imported ?? specifier.local
        const whole = ['ImportDefaultSpecifier', 'ImportNamespaceSpecifier'].includes(specifier.type)
        if (whole || moduleClients.has(name.name ?? name.value)) report(specifier)
      }
    }
    return {
      Program() {
        for (const { identifier } of context.sourceCode.scopeManager.globalScope.through) {
          if (globalClients.has(identifier.name) && !/^TSType(Query|Reference)$/.test(identifier.parent.type))
            report(identifier)
        }
      },
      MemberExpression({ object, property }) {
        if (isGlobalObject(object) && globalClients.has(property.name ?? property.value)) report(property)
      },
      VariableDeclarator({ id, init }) {
        if (id.type !== 'ObjectPattern' || !isGlobalObject(init)) return
        for (const { key } of id.properties) if (globalClients.has(key?.name ?? key?.value)) report(key)
      },
      ImportDeclaration: readImport,
      ExportNamedDeclaration: readImport,
      ImportExpression({ source }) {
        if (clientModules.test(source.value)) report(source)
      },
    }
  },
}

export default {
  meta: { name: 'authsec' },
  rules: { 'no-bare-error': noBareError, 'no-bare-fetch': noBareFetch, 'no-export-all': noExportAll },
}
