/** Where a server that was started says that clients connect, once it says so. What it says later is read away, so that it never waits. */
export function ready(child) {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
      const url = /^AuthSec ready: (\S+)$/m.exec(output)?.[1]
      if (url !== undefined) resolve(url)
    })
    child.once('exit', () => reject(new TypeError(`the server has ended: ${output}`)))
  })
}
