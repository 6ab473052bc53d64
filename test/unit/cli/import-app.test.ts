import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { findAppFile } from '../../../src/cli/app/find-app-file.js'
import { importApp } from '../../../src/cli/app/import-app.js'

describe('an app file', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'authsec-file-'))
  })
  afterAll(async () => {
    await rm(folder, { recursive: true })
  })
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }

  it('has only so long to load', async () => {
    const file = await write('waits.mjs', 'await new Promise(() => {})')
    const importing = importApp({ file, reading: { attempt: undefined }, milliseconds: 50 })
    await expect(importing).rejects.toMatchObject({
      code: 'ERR_CONFIG_APP',
      message: expect.stringMatching(/waits\.mjs was not loaded within 0\.05 s/),
    })
  })

  it('is told that it tried to start, whatever else is wrong with it', async () => {
    const file = await write('throws.mjs', 'throw new TypeError()')
    const importing = importApp({ file, reading: { attempt: 'listen()' }, milliseconds: 5_000 })
    await expect(importing).rejects.toMatchObject({ code: 'ERR_APP_STARTED_ON_IMPORT' })
  })

  it.each([
    ['{', /package\.json cannot be read/],
    ['{ "authsec": { "app": 1 } }', /authsec\.app in package\.json is the path/],
    ['{ "authsec": { "app": "src/app.mts" } }', /src\/app\.mts is TypeScript/],
    ['{ "authsec": { "app": "gone.js" } }', /there is no gone\.js/],
    ['{ "authsec": null }', /there is no dist\/app\.js: .*"authsec": \{ "app"/],
    ['null', /there is no dist\/app\.js/],
  ])('is not found by package.json %s', async (description, message) => {
    await write('package.json', description)
    expect(() => findAppFile(undefined, folder)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_APP', message: expect.stringMatching(message) }),
    )
  })

  it('is found by package.json, unless another one is named', async () => {
    const [listed, named] = [await write('listed.js', ''), await write('named.js', '')]
    await write('package.json', '{ "authsec": { "app": "./listed.js" } }')
    expect(findAppFile(undefined, folder)).toBe(listed)
    expect(findAppFile('named.js', folder)).toBe(named)
  })
})
