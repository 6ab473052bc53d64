import type { IncomingMessage } from 'node:http'

const mostBytes = 8 * 1024

export type Form = ReadonlyMap<string, string>

/**
 * The fields of a posted form, or `undefined` for another content type, for more than 8 KB, and for a field that comes
 * twice: two readers of such a form would not agree on its value.
 */
export async function readForm(request: IncomingMessage): Promise<Form | undefined> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1)
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded') return undefined
  const body = await readBody(request)
  if (body === undefined) return undefined
  const fields = [...new URLSearchParams(body)]
  const form = new Map(fields)
  return form.size === fields.length ? form : undefined
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let received = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array)
    received += bytes.length
    if (received <= mostBytes) chunks.push(bytes)
    else if (received > 16 * mostBytes) return undefined
  }
  return received > mostBytes ? undefined : Buffer.concat(chunks).toString('utf8')
}
