import { describe, expect, it } from '@jest/globals'
import { findDecorator, startOfDecorator } from '../../../src/framework/decorator/find-decorator.js'

const text = `
// hello(), says a@b.example
@McpServer({ name: 'A' })
export class First {
  @Public('hello') hello() { this.hello() }
}

@Injectable()
@McpServer({ name: 'B (really)', version: ")" })
export default abstract class Second {
  hello() { return '@Public() hello() {}' }

  @ProtectedByAuthSec({ description: \`not the end: )\`, roles: ['x'] /* ) */ }) // nor this )
  @Tool({ title: 'Two' })
  public async override * hello(@Arg('x') x: string) {}

  @names.Public
  ['other']() {}

  @Public() 'quoted'() {}
}
`

function lineAt(offset: number | undefined): string | undefined {
  return offset === undefined ? undefined : text.slice(offset).split('\n')[0]
}

describe('finding a decorator in a source text', () => {
  it.each([
    [{ owner: 'First', member: 'hello' }, "@Public('hello') hello() { this.hello() }"],
    [{ owner: 'Second', member: 'quoted' }, "@Public() 'quoted'() {}"],
    [{ owner: 'First' }, "@McpServer({ name: 'A' })"],
    [{ owner: 'Second' }, '@Injectable()'],
    [{ owner: '', member: 'quoted' }, "@Public() 'quoted'() {}"],
  ])('finds that of %j', (target, line) => {
    expect(lineAt(findDecorator(text, target))).toBe(line)
  })

  it('reads over brackets in strings, templates and comments', () => {
    expect(lineAt(findDecorator(text, { owner: 'Second', member: 'hello' }))).toContain('not the end')
  })

  it.each([[{ owner: 'First', member: 'missing' }], [{ owner: 'Third' }], [{ owner: 'Second', member: 'hel' }]])(
    'finds nothing for %j',
    (target) => {
      expect(findDecorator(text, target)).toBeUndefined()
    },
  )

  it.each([
    ['@Public()', 1, 0],
    ['  @ names . Public()', 12, 2],
    ['@(adminsOnly())', 2, 0],
    ['@Public()', 0, 0],
  ])('knows that %j at %i belongs to a decorator', (source, offset, start) => {
    expect(startOfDecorator(source, offset)).toBe(start)
  })

  it.each([
    ['Public()', 0],
    ['@Public() hello()', 10],
    ['a@b.example Public()', 12],
  ])('knows that %j at %i belongs to none', (source, offset) => {
    expect(startOfDecorator(source, offset)).toBeUndefined()
  })
})
