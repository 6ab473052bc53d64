const module = `import fs from 'node:fs'
export * from 'node:fs'
export default fs
export const globSync = fs.globSync ?? (() => { throw new Error('globSync needs Node.js 22') })`

/** Gives the suite its `fs`; everything else is left alone. */
export async function resolve(specifier, context, next) {
  const asks = specifier === 'fs' && context.parentURL?.includes('/@modelcontextprotocol/conformance/')
  return asks
    ? { url: `data:text/javascript,${encodeURIComponent(module)}`, shortCircuit: true }
    : next(specifier, context)
}
