import { PassThrough, Readable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { readLines } from '../../../../src/adapter/mcp/stdio/read-lines.js'

const most = 16

async function linesOf(...chunks: readonly (string | Uint8Array)[]): Promise<readonly string[]> {
  const found: string[] = []
  const input = Readable.from(chunks.map((chunk) => Buffer.from(chunk)))
  for await (const line of readLines(input, most)) found.push(line.toString('utf8'))
  return found
}

describe('lines of an input', () => {
  it.each([
    ['in one chunk', ['one\ntwo\n']],
    ['one chunk each', ['one\n', 'two\n']],
    ['across chunks', ['o', 'ne', '\nt', 'wo', '\n']],
    ['byte by byte', [...'one\ntwo\n']],
    ['without a newline at the end', ['one\ntwo']],
  ])('are the same %s', async (_name, chunks) => {
    expect(await linesOf(...chunks)).toEqual(['one', 'two'])
  })

  it('may be empty, and keep what is not a newline', async () => {
    expect(await linesOf('\n\na\r\n \n')).toEqual(['', '', 'a\r', ' '])
  })

  it('are none where there is nothing', async () => {
    expect(await linesOf()).toEqual([])
    expect(await linesOf('')).toEqual([])
  })

  it('keep characters whole that chunks tear apart', async () => {
    const bytes = Buffer.from('añ😀ß\n😀')
    expect(await linesOf(...[...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(['añ😀ß', '😀'])
  })

  it('have exactly so many bytes at most', async () => {
    expect(await linesOf(`${'x'.repeat(most)}\nnext\n`)).toEqual(['x'.repeat(most), 'next'])
    expect(await linesOf(`${'x'.repeat(most + 1)}\nnext\n`)).toEqual(['too long', 'next'])
    expect(await linesOf('x'.repeat(most))).toEqual(['x'.repeat(most)])
    expect(await linesOf('x'.repeat(most + 1))).toEqual(['too long'])
  })

  it('count bytes, not characters', async () => {
    expect(await linesOf(`${'😀'.repeat(4)}\n`)).toEqual(['😀'.repeat(4)])
    expect(await linesOf(`${'😀'.repeat(4)}x\n`)).toEqual(['too long'])
  })

  it('that are too long take no room and end at their newline', async () => {
    const long = Array.from({ length: 1_000 }, () => 'x'.repeat(most))
    expect(await linesOf(...long, '\n', 'next\n', ...long)).toEqual(['too long', 'next', 'too long'])
  })

  it('are not read before they are asked for', async () => {
    const input = new PassThrough({ highWaterMark: 4 })
    const lines = readLines(input, most)
    const first = lines.next()
    input.write('one\n')
    expect((await first).value?.toString()).toBe('one')
    while (input.write('more\n')) await new Promise(setImmediate)
    const waiting = input.readableLength + input.writableLength
    await new Promise(setImmediate)
    expect(input.readableLength + input.writableLength).toBe(waiting)
    input.destroy()
    await lines.return()
  })
})
