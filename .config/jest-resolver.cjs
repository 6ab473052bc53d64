// Our TypeScript sources import each other with the `.js` suffix that Node wants; packages keep theirs.
const { existsSync } = require('node:fs')
const { join, sep } = require('node:path')

exports.sync = (request, options) => {
  if (/^\.{1,2}\/.*\.js$/.test(request) && !options.basedir.includes(`${sep}node_modules${sep}`)) {
    const source = join(options.basedir, `${request.slice(0, -'.js'.length)}.ts`)
    if (existsSync(source)) return source
  }
  return options.defaultResolver(request, options)
}
