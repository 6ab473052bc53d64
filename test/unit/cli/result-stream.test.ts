import { Writable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { RefusedError } from '../../../src/app/refused-error.js'
import { openResultStream } from '../../../src/cli/result-stream.js'

/** Takes so many texts, and then fails with this. */
function outputOf(taken: number, code: string): Writable {
  let left = taken
  return new Writable({
    decodeStrings: false,
    write: (_text, _encoding, done) => done((left -= 1) < 0 ? Object.assign(new Error(code), { code }) : null),
  })
}

describe('a result stream', () => {
  it('has enough, and goes on to have it, once nobody reads any more', async () => {
    const send = openResultStream(outputOf(1, 'EPIPE'))
    const answers = [await send('one'), await send('two'), await send('three'), await send('')]
    expect(answers).toEqual(['more', 'enough', 'enough', 'enough'])
  })

  it('is refused, again and again, where it cannot be written for another reason', async () => {
    const send = openResultStream(outputOf(0, 'ENOSPC'))
    await expect(send('one')).rejects.toThrow(RefusedError)
    await expect(send('two')).rejects.toThrow(RefusedError)
  })
})
