// Preloaded into a server process: what it says to itself over HTTP meets the fault that is named in FAULT_FILE; `none` lets it pass.
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { syncBuiltinESMExports } from 'node:module'

const { createServer, request } = http
const stand = createServer((_request, response) => {
  const fault = read()
  if (fault === 'hang') return
  if (fault === 'error') response.writeHead(500).end()
  else response.writeHead(200, { 'content-type': 'application/json' }).end('<html>')
})
stand.listen(0, '127.0.0.1').unref()
const read = () => readFileSync(process.env['FAULT_FILE'], 'utf8').trim()

http.request = (options, onAnswer) => {
  const fault = read()
  if (fault === 'none') return request(options, onAnswer)
  return request({ ...options, host: '127.0.0.1', port: fault === 'unreachable' ? 1 : stand.address().port }, onAnswer)
}
syncBuiltinESMExports()
