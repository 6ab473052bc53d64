// A service that takes whoever shows a token, and the part of HashiCorp Vault that keeps credentials (KV version 2), in a process of
// their own: `node neighbours.mjs`, then one line of JSON says where they are.
import http from 'node:http'

const kept = new Map()

const service = await listen((request, response) => {
  response.writeHead(request.headers.authorization === undefined ? 401 : 200).end('{"repositories":42}')
})
const vault = await listen(answerAsVault)
console.log(JSON.stringify({ service, vault }))

async function answerAsVault(request, response) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const path = new URL(request.url, 'http://vault').pathname.replace('/v1/', '')
  const { data, status = 200 } = told(request.method, path, chunks)
  const answer = {
    request_id: '1',
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data,
    wrap_info: null,
    auth: null,
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
}

function told(method, path, chunks) {
  if (path === 'auth/token/lookup-self')
    return { data: { policies: ['authsec'], ttl: 3_600, renewable: true, expire_time: null } }
  if (path.startsWith('sys/internal/ui/mounts/'))
    return { data: { type: 'kv', path: 'secret/', options: { version: '2' } } }
  if (path.startsWith('secret/data/') && method === 'POST') {
    kept.set(path, JSON.parse(Buffer.concat(chunks)).data)
    return { data: metadata }
  }
  const data = kept.get(path)
  return data === undefined ? { data: {}, status: 404 } : { data: { data, metadata } }
}

const metadata = {
  version: 1,
  created_time: '2026-01-01T00:00:00Z',
  deletion_time: '',
  destroyed: false,
  custom_metadata: null,
}

async function listen(handler) {
  const server = http.createServer(handler)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${server.address().port}`
}
