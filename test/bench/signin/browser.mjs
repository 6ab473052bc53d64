import http from 'node:http'

/** One request from this address with the cookies of `jar`, which learns from the answer. */
export function ask(url, { address, jar, json, form }) {
  const body = json === undefined ? form && new URLSearchParams(form).toString() : JSON.stringify(json)
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers = {
    ...(cookie === '' ? {} : { cookie }),
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
  }
  return new Promise((resolve, reject) => {
    const options = { method: body === undefined ? 'GET' : 'POST', headers, localAddress: address, agent: false }
    const request = http.request(url, options, (answer) => {
      for (const line of answer.headers['set-cookie'] ?? []) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
        jar.set(name, value)
      }
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text, url }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** The same, and on through whatever leads on, as long as that stays on the server; `left` is where it goes afterwards. */
export async function travel(url, { address, jar, form }) {
  let answer = await ask(url, { address, jar, form })
  for (;;) {
    const [, refresh] = /http-equiv="refresh" content="0;url=([^"]+)"/.exec(answer.text) ?? []
    const target = answer.headers.location ?? refresh?.replaceAll('&amp;', '&')
    if (target === undefined) return answer
    const next = new URL(target, answer.url)
    if (next.origin !== new URL(url).origin) return { ...answer, left: next }
    answer = await ask(next.href, { address, jar })
  }
}

/** The hidden fields of the form on a page. Throws `TypeError` where there is none. */
export function fieldsOf({ status, text }) {
  const fields = [...text.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
    name,
    value,
  ])
  if (fields.length === 0) throw new TypeError(`no form: ${status} ${text.slice(0, 500)}`)
  return Object.fromEntries(fields)
}
