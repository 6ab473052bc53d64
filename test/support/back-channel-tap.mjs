// Preloaded into a server process: appends what the server says to itself over HTTP, and is answered, to the file in TAP_FILE.
import { appendFileSync } from 'node:fs'
import http from 'node:http'
import { syncBuiltinESMExports } from 'node:module'

const { request } = http
const file = process.env['TAP_FILE']

http.request = (options, onAnswer) => {
  const outgoing = request(options, (answer) => {
    const { push } = answer
    answer.push = (chunk, encoding) => {
      if (chunk !== null) appendFileSync(file, `${chunk}\n`)
      return push.call(answer, chunk, encoding)
    }
    onAnswer(answer)
  })
  const { end } = outgoing
  appendFileSync(file, `${JSON.stringify(options.headers)}\n`)
  outgoing.end = (body) => {
    if (body !== undefined) appendFileSync(file, `${body}\n`)
    return end.call(outgoing, body)
  }
  return outgoing
}
syncBuiltinESMExports()
