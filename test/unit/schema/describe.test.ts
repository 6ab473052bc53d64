import { describe, expect, it } from '@jest/globals'
import { classDescription, Describe, propertyDescriptions } from '../../../src/framework/decorator/describe.js'

@Describe('A base')
class Base {
  @Describe('First') one!: string
  @Describe('Second') two!: string
}

class Derived extends Base {
  @Describe('Second, narrowed') override two = ''
}

@Describe('A leaf')
class Leaf extends Derived {}

class Silent {}

describe('@Describe', () => {
  it('is the words of the nearest class', () => {
    expect([Base, Derived, Leaf, Silent].map(classDescription)).toEqual(['A base', 'A base', 'A leaf', undefined])
  })

  it('is the words of the nearest property', () => {
    expect([...propertyDescriptions(Leaf)]).toEqual([
      ['one', 'First'],
      ['two', 'Second, narrowed'],
    ])
    expect(propertyDescriptions(Base).get('two')).toBe('Second')
    expect(propertyDescriptions(Silent).size).toBe(0)
  })

  it('refuses statics and symbols', () => {
    expect(() => Describe('x')(Base, 'static')).toThrow(TypeError)
    expect(() => Describe('x')(Base.prototype, Symbol('s'))).toThrow(TypeError)
  })
})
