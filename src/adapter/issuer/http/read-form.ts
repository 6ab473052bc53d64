import type { IncomingMessage } from 'node:http'
import { readBody } from './read-body.js'

const mostBytes = 8 * 1024

export type Form = ReadonlyMap<string, string>

/**
 * The fields of a posted form, or `undefined` for another content type, for more than 8 KB, and for a field that comes
 * twice: two readers of such a form would not agree on its value.
 */
export async function readForm(request: IncomingMessage): Promise<Form | undefined> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1)
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded') return undefined
  const body = await readBody(request, mostBytes)
  if (body === undefined) return undefined
  const fields = [...new URLSearchParams(body.toString('utf8'))]
  const form = new Map(fields)
  return form.size === fields.length ? form : undefined
}
