import { describe, expect, it } from '@jest/globals'
import { IsObject } from 'class-validator'
import { createTestApp, type TestCaller } from '../../../src/testing/index.js'
import { McpServer, ProtectedByAuthSec, Public, UserContext, type OnClose } from '../../../src/index.js'

class Note {
  @IsObject()
  data!: object
}

let closed = 0

@McpServer({ name: 'notes', version: '1.0.0' })
class NoteServer implements OnClose {
  @Public()
  ping(): string {
    return 'pong'
  }

  @ProtectedByAuthSec({ roles: ['admin'] })
  wipe(user: UserContext): string {
    return `wiped by ${user.email}`
  }

  @ProtectedByAuthSec()
  keep(note: Note): string {
    return JSON.stringify(note.data)
  }

  @ProtectedByAuthSec()
  fail(): string {
    throw new TypeError('inner')
  }

  onClose(): void {
    closed += 1
  }
}

describe('createTestApp', () => {
  it('lists and calls as a caller with exactly the grants given', async () => {
    const app = await createTestApp({ servers: [NoteServer] })
    const admin = app.as({ roles: ['admin'], email: 'a@b.test' })
    expect(admin.list()).toEqual(['ping', 'wipe', 'keep', 'fail'])
    expect(await admin.call('wipe')).toMatchObject({ outcome: 'answered', isError: false, text: 'wiped by a@b.test' })
    expect(app.as({ roles: ['Admin'] }).list()).not.toContain('wipe')
    expect(await app.as({}).call('wipe')).toMatchObject({ outcome: 'unknown', text: '' })
    expect(app.anonymous().list()).toEqual(['ping'])
    expect(await app.anonymous().call('keep', { data: {} })).toMatchObject({ outcome: 'unknown' })
    expect(app.audit.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['operation.allowed', 'operation.outcome', 'operation.denied']),
    )
    await app.close()
  })

  it('refuses to call what no tool is called, which would look like a refusal', async () => {
    const app = await createTestApp({ servers: [NoteServer] })
    await expect(app.as({}).call('Wipe')).rejects.toThrow('no tool is called Wipe; did you mean wipe?')
    await expect(app.as({}).call('delete_everything')).rejects.toThrow('there are ping, wipe, keep, fail')
    expect(await app.as({}).call('wipe')).toMatchObject({ outcome: 'unknown' })
    await app.close()
  })

  it('hands arguments over in their JSON form, as a client would', async () => {
    const app = await createTestApp({ servers: [NoteServer] })
    expect(await app.as({}).call('keep', { data: new Map([['a', 1]]) })).toMatchObject({ text: '{}' })
    await app.close()
  })

  it('has a digest of the arguments on record, as the server does: the same for the same ones, in this app alone', async () => {
    const digests = async (): Promise<readonly unknown[]> => {
      const app = await createTestApp({ servers: [NoteServer] })
      for (const data of [{ text: 'a' }, { text: 'a' }, { text: 'b' }]) await app.as({}).call('keep', { data })
      await app.close()
      return app.audit.filter(({ type }) => type === 'operation.allowed').map(({ detail }) => detail?.['arguments'])
    }
    const [first, again, other] = await digests()
    expect(first).toMatch(/^[\w-]{43}$/)
    expect([again === first, other === first, (await digests()).includes(first)]).toEqual([true, false, false])
  })

  it('shows a reference to the caller and the failure to the test', async () => {
    const app = await createTestApp({ servers: [NoteServer] })
    expect(await app.as({}).call('fail')).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^Tool failed \(ref /),
    })
    expect(app.failures).toEqual([expect.objectContaining({ message: 'inner' })])
    await app.close()
  })

  it('runs the closing hooks once', async () => {
    const before = closed
    const app = await createTestApp({ servers: [NoteServer] })
    await app.close()
    expect(closed).toBe(before + 1)
  })

  it.each<[string, object]>([
    ['an option that is misspelled', { server: [NoteServer] }],
    ['an option of the server', { servers: [NoteServer], clientId: 'x' }],
  ])('refuses %s', async (_name, options) => {
    await expect(createTestApp(options)).rejects.toThrow(TypeError)
  })

  it.each<[string, object]>([
    ['a category that is misspelled', { role: ['admin'] }],
    ['a name in place of a list', { roles: 'admin' }],
    ['what is no name', { roles: [1] }],
  ])('refuses a caller with %s, so that no test passes for the wrong reason', async (_name, caller) => {
    const app = await createTestApp({ servers: [NoteServer] })
    expect(() => app.as(caller as TestCaller)).toThrow(TypeError)
    await app.close()
  })
})
