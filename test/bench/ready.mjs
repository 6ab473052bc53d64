/** Where a server that was started says that clients connect, once it says so. */
export async function ready(child) {
  let output = ''
  child.stdout.setEncoding('utf8')
  for await (const text of child.stdout) {
    output += text
    const url = /^AuthSec ready: (\S+)$/m.exec(output)?.[1]
    if (url !== undefined) return url
  }
  throw new TypeError(`the server has ended: ${output}`)
}
