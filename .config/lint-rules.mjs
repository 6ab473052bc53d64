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

export default {
  meta: { name: 'authsec' },
  rules: { 'no-bare-error': noBareError, 'no-export-all': noExportAll },
}
