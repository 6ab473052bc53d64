import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import { SealedRecords } from '../../../src/adapter/issuer/record/sealed-records.js'
import { BrowserJar, hiddenFields } from '../../support/browser-jar.js'
import { callbackUri, IssuerHarness, password, pkcePair } from '../../support/issuer-harness.js'

const printed: string[] = []
const restore: (() => void)[] = []

/** Everything that is written to the terminal from now on, by whatever way. */
function capturePrinting(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const { write } = stream
    stream.write = (chunk: string | Uint8Array) => printed.push(String(chunk)) > 0
    restore.push(() => {
      stream.write = write
    })
  }
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    const original = console[method]
    console[method] = (...parts: readonly unknown[]) => void printed.push(parts.join(' '))
    restore.push(() => {
      console[method] = original
    })
  }
}

let harness: IssuerHarness
const secrets = new Map<string, string>()

beforeAll(async () => {
  capturePrinting()
  harness = await IssuerHarness.start()
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  const { body } = await harness.register({ token_endpoint_auth_method: 'client_secret_post' })
  const client_id = String(body['client_id'])
  const client_secret = String(body['client_secret'])
  const { challenge, verifier } = pkcePair()
  const jar = new BrowserJar()
  const url = harness.authorizeUrl({
    ...{
      client_id,
      redirect_uri: callbackUri,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      scope: 'read',
    },
  })
  const signIn = await jar.open(url)
  secrets.set('interaction', signIn.url.split('/').at(-1) ?? '')
  secrets.set('csrf', String(hiddenFields(signIn.html)['csrf']))
  await jar.press(signIn, 'sign-in', { fields: { email: 'ana@acme.test', password: 'wrong-marker' } })
  const consent = await jar.press(signIn, 'sign-in', { fields: { email: 'ana@acme.test', password } })
  const done = await jar.press(consent, 'allow')
  secrets.set('code', done.left?.searchParams.get('code') ?? '')
  for (const { name, value } of jar.cookies) secrets.set(`cookie ${name}`, value)
  const exchanged = { client_id, client_secret, code: secrets.get('code') ?? '', code_verifier: verifier }
  const tokens = await harness.exchange(exchanged)
  const second = await harness.refresh(client_id, tokens.body['refresh_token'], { client_secret })
  for (const name of ['access_token', 'refresh_token']) {
    secrets.set(name, String(tokens.body[name]))
    secrets.set(`second ${name}`, String(second.body[name]))
  }
  await harness.exchange({ ...exchanged, code: 'made-up' })
  await jar.open(harness.authorizeUrl({ client_id: 'nobody', redirect_uri: callbackUri }))
  harness.accounts.available = false
  await harness.refresh(client_id, second.body['refresh_token'], { client_secret })
  harness.accounts.available = true
  for (const [name, value] of Object.entries({ client_id, client_secret, challenge, verifier }))
    secrets.set(name, value)
  for (const [name, value] of Object.entries({ password, wrong: 'wrong-marker', email: 'ana@acme.test' })) {
    secrets.set(name, value)
  }
})

afterAll(async () => {
  for (const undo of restore) undo()
  await harness.close()
})

describe('a whole sign-in', () => {
  it('leaves nothing in the storage that could be used or says who signed in', () => {
    const dump = harness.storage.dump()
    expect(harness.storage.rows.size).toBeGreaterThan(5)
    expect(secrets.size).toBeGreaterThan(16)
    for (const [name, value] of secrets) {
      expect(value.length).toBeGreaterThan(8)
      expect({ name, found: dump.includes(value) }).toEqual({ name, found: false })
    }
  })

  it('says no secret in the log or the audit, however it went', () => {
    const said = JSON.stringify([harness.log.lines, harness.audit.events])
    for (const [name, value] of secrets) {
      if (name === 'client_id') continue
      expect({ name, found: said.includes(value) }).toEqual({ name, found: false })
    }
  })

  it('prints nothing: what the provider says of an old Node.js goes to the log', () => {
    expect(printed).toEqual([])
    const told = harness.log.lines.some(({ message }) => message.startsWith('oidc-provider is made for Node.js 22'))
    expect(told).toBe(Number(process.versions.node.split('.')[0]) < 22)
  })
})

describe('a stored record', () => {
  it('opens only in its own row, for its own model, with its own key', async () => {
    const records = new SealedRecords(harness.storage, harness.keyring)
    const put = (model: string, id: string) =>
      records.put({ model, id, payload: { id }, expiresIn: 60, uid: `uid-${id}` })
    await put('Session', 'one')
    await put('Session', 'two')
    expect((await records.find('Session', 'one'))?.payload).toEqual({ id: 'one' })
    const keyOf = (model: string, id: string) => `${model}:${records.keyOf(model, id)}`
    const [one, two] = [keyOf('Session', 'one'), keyOf('Session', 'two')].map((key) => harness.storage.rows.get(key))
    if (one === undefined || two === undefined) throw new Error('not stored')
    harness.storage.rows.set(keyOf('Session', 'one'), {
      ...one,
      record: { ...one.record, payload: two.record.payload },
    })
    await expect(records.find('Session', 'one')).rejects.toThrow()
    expect(await records.findByUid('Session', 'uid-one')).toBeUndefined()

    const other = new SealedRecords(harness.storage, MasterKey.generate())
    expect(await other.find('Session', 'two')).toBeUndefined()
    const bytes = Buffer.from(two.record.payload)
    bytes[40] = (bytes[40] ?? 0) ^ 1
    harness.storage.rows.set(keyOf('Session', 'two'), { ...two, record: { ...two.record, payload: bytes } })
    await expect(records.find('Session', 'two')).rejects.toThrow()
  })
})
