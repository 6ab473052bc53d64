import { describe, expect, it } from '@jest/globals'
import { allOf, anyOf, not, role, scope } from '../../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../../src/core/permission/requirement/policy.js'
import {
  authenticated,
  joinRequirements,
  requirementOf,
  type Requirement,
} from '../../../../src/core/permission/requirement/requirement.js'
import { all, any } from '../permission/samples.js'
import { lint } from './samples.js'

class OwnInvoices {
  decide() {
    return 'allow' as const
  }
}

const [a, b, c, d] = [role('a'), role('b'), role('c'), role('d')]
const own = policy(OwnInvoices)
const demand = (part: string, because: string) => ['redundant-demand', part, because]
const alternative = (part: string, because: string) => ['redundant-alternative', part, because]

/** What is found, without the words around it. */
function found(requirement: Requirement): readonly unknown[] {
  return lint(requirement).map((finding) => {
    if (finding.code === 'redundant-demand' || finding.code === 'redundant-alternative') {
      return [finding.code, finding.part, finding.because]
    }
    return finding.code === 'impossible-alternative' ? [finding.code, finding.part] : finding.code
  })
}

describe('a demand that another one makes anyway', () => {
  it.each([
    ['the same again', allOf(a, a), demand('role a', 'role a')],
    ['a choice that includes it', allOf(a, anyOf(a, b)), demand('role a or role b', 'role a')],
    ['a choice before it', allOf(anyOf(a, b), a), demand('role a or role b', 'role a')],
    ['a wider choice', allOf(anyOf(a, b), anyOf(a, b, c)), demand('role a or role b or role c', 'role a or role b')],
    ['a part of what is demanded together', allOf(a, allOf(a, b)), demand('role a', 'role a')],
    ['a policy again', allOf(own, own), demand('policy OwnInvoices', 'policy OwnInvoices')],
    ['less that is shut out', allOf(not(a), not(anyOf(a, b))), demand('not role a', 'not (role a or role b)')],
    ['the same in other words', allOf(anyOf(a, b), anyOf(b, a)), demand('role b or role a', 'role a or role b')],
    ['a list of one', allOf(a, anyOf(allOf(a))), demand('role a', 'role a')],
  ] as const)('is found: %s', (_what, requirement, expected) => {
    expect(found(requirement)).toEqual([expected])
  })

  it.each([
    ['two roles', allOf(a, b)],
    ['two roles of everybody', allOf(a, authenticated, b)],
    ['two choices', allOf(anyOf(a, b), anyOf(b, c))],
    ['the same name in two categories', allOf(role('a'), scope('a'))],
    ['a role and not another', allOf(a, not(b))],
    ['a role and a policy', allOf(a, own)],
    ['a role and who holds it or lacks another', allOf(b, anyOf(a, not(b)))],
    ['all of a flat demand', requirementOf(all({ roles: ['a', 'b'], resources: ['x', 'y'] }))],
  ] as const)('is not found among %s', (_what, requirement) => {
    expect(found(requirement)).toEqual([])
  })

  it('is found between a class and its method', () => {
    const ofClass = requirementOf(any({ roles: ['a'] }))
    expect(found(joinRequirements(ofClass, requirementOf(any({ roles: ['a'] }))))).toEqual([demand('role a', 'role a')])
    expect(found(joinRequirements(ofClass, requirementOf(any({ roles: ['a', 'b'] }))))).toEqual([
      demand('role a or role b', 'role a'),
    ])
    expect(found(joinRequirements(ofClass, requirementOf(any({ roles: ['b'] }))))).toEqual([])
    expect(found(joinRequirements(authenticated, ofClass))).toEqual([])
  })

  it('is kept where a lost claim would matter', () => {
    expect(found(allOf(anyOf(a, not(a)), anyOf(a, b, not(a))))).toEqual([
      demand('role a or role b or not role a', 'role a or not role a'),
    ])
    expect(found(anyOf(c, allOf(b, anyOf(a, not(a)))))).toEqual([])
  })
})

describe('an alternative that changes nothing', () => {
  it.each([
    ['the same again', anyOf(a, a), alternative('role a', 'role a')],
    ['more than is enough', anyOf(a, allOf(a, b)), alternative('role a and role b', 'role a')],
    ['more than is enough, first', anyOf(allOf(a, b), a), alternative('role a and role b', 'role a')],
    ['a role besides everybody', anyOf(a, authenticated), alternative('role a', 'every authenticated user')],
    [
      'a policy of a role',
      anyOf(own, allOf(own, a)),
      alternative('policy OwnInvoices and role a', 'policy OwnInvoices'),
    ],
    ['a choice within a choice', anyOf(a, anyOf(b, a)), alternative('role a', 'role a')],
    ['a contradiction', anyOf(b, allOf(a, not(a))), ['impossible-alternative', 'role a and not role a']],
  ] as const)('is found: %s', (_what, requirement, expected) => {
    expect(found(requirement)).toEqual([expected])
  })

  it.each([
    ['two roles', anyOf(a, b)],
    ['two pairs', anyOf(allOf(a, b), allOf(b, c))],
    ['a role and a policy', anyOf(a, own)],
    ['a role or not that role', anyOf(a, not(a))],
    ['any of a flat demand', requirementOf(any({ roles: ['a', 'b'], scopes: ['a'] }))],
  ] as const)('is not found among %s', (_what, requirement) => {
    expect(found(requirement)).toEqual([])
  })
})

describe('what is redundant', () => {
  it('is found inside lists and under not, too', () => {
    expect(found(anyOf(c, allOf(d, a, anyOf(a, b))))).toEqual([demand('role a or role b', 'role a')])
    expect(found(allOf(c, not(anyOf(a, b, a))))).toEqual([alternative('role a', 'role a')])
  })

  it('is said once for each part, and once of parts that mean the same', () => {
    expect(found(allOf(a, a, a))).toEqual([demand('role a', 'role a'), demand('role a', 'role a')])
    expect(found(allOf(anyOf(a, b), anyOf(b, a)))).toHaveLength(1)
    expect(found(allOf(anyOf(a, b, a), anyOf(a, b, a)))).toEqual([
      demand('role a or role b or role a', 'role a or role b or role a'),
      alternative('role a', 'role a'),
    ])
  })

  it('is not looked for in what nobody can meet', () => {
    expect(found(allOf(a, a, not(a)))).toEqual(['unreachable'])
    expect(found(anyOf(b, allOf(a, a, not(a))))).toEqual([
      ['impossible-alternative', 'role a and role a and not role a'],
    ])
  })

  it('is a warning in plain words', () => {
    expect(lint(allOf(a, a))).toMatchObject([
      {
        severity: 'warning',
        message: 'sample demands role a more than once. Say it once: for the class, where it is meant for all of it.',
      },
    ])
    expect(lint(allOf(a, anyOf(a, b)))).toMatchObject([
      {
        message:
          'sample demands role a or role b, which everybody meets who meets its other demand, role a. Leave the former out, unless it is there for the whole class, or check that the latter is what you mean.',
      },
    ])
    expect(lint(anyOf(a, a))).toMatchObject([
      { message: 'sample lists the alternative role a more than once. Say it once.' },
    ])
    expect(lint(anyOf(a, allOf(a, b)))).toMatchObject([
      {
        message:
          'sample lists the alternative role a and role b, which changes nothing: role a is enough by itself. Leave the former out, or make the latter stricter.',
      },
    ])
  })
})
