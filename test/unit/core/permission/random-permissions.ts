import fc from 'fast-check'
import { categories, eachCategory, type AssertedGrants, type Grants } from '../../../../src/core/permission/grants.js'
import { allOf, anyOf, grant, not } from '../../../../src/core/permission/requirement/builders.js'
import type { Requirement } from '../../../../src/core/permission/requirement/requirement.js'
import type { GrantCatalogue, SignUpRule, StoredStanding } from '../../../../src/core/permission/standing.js'
import { account } from './samples.js'

/** Few names, so that requirements, tokens and databases meet. */
const names = ['a', 'b', 'c', 'A']
const some = fc.subarray(names)
const listed = { roles: some, groups: some, scopes: some, resources: some, permissions: some }

export const randomGrants: fc.Arbitrary<Grants> = fc.record(listed)

/** What a token says; categories may be undeclared. */
export const randomClaims: fc.Arbitrary<AssertedGrants> = fc.record(listed, { requiredKeys: [] })

const leaf = fc.tuple(fc.constantFrom(...categories), fc.constantFrom(...names)).map(([of, name]) => grant(of, name))

/** `allOf` and `anyOf` over these. */
function lists(part: fc.Arbitrary<Requirement>): fc.Arbitrary<Requirement> {
  const parts = fc.tuple(part, fc.array(part, { maxLength: 3 }))
  return fc.tuple(fc.constantFrom(allOf, anyOf), parts).map(([make, [first, rest]]) => make(first, ...rest))
}

/** A tree over grants, without `not`. */
export const randomPositive: fc.Arbitrary<Requirement> = fc.letrec<{ tree: Requirement }>((tie) => ({
  tree: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, lists(tie('tree'))),
})).tree

/** A tree that may hold `not` anywhere, and these leaves beside grants. */
export function randomTree(...leaves: readonly fc.Arbitrary<Requirement>[]): fc.Arbitrary<Requirement> {
  const least = fc.oneof(leaf, ...leaves)
  return fc.letrec<{ tree: Requirement }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      least,
      { arbitrary: lists(tie('tree')), weight: 3 },
      randomPositive.map(not),
    ),
  })).tree
}

/** A catalogue whose bundles hold nothing that the tenant does not have. */
const randomCatalogue: fc.Arbitrary<GrantCatalogue> = randomGrants.chain((has) => {
  const bundle = fc.record({
    scopes: fc.subarray([...has.scopes]),
    resources: fc.subarray([...has.resources]),
    permissions: fc.subarray([...has.permissions]),
  })
  const bundles = fc.array(bundle, { minLength: 4, maxLength: 4 })
  const members = fc.array(fc.subarray([...has.roles]), { minLength: 4, maxLength: 4 })
  return fc.tuple(bundles, members).map(([carried, roles]) => ({
    names: eachCategory((category) => has[category]),
    roles: new Map(has.roles.flatMap((role, at) => (carried[at] === undefined ? [] : [[role, carried[at]]]))),
    groups: new Map(has.groups.map((group, at) => [group, roles[at] ?? []])),
  }))
})

const randomAccount = fc.option(
  fc.tuple(randomGrants, fc.oneof({ arbitrary: fc.constant(false), weight: 5 }, fc.constant(true))),
  { nil: undefined, freq: 4 },
)

/** What a database says: accounts that are active, disabled or missing, with both sources and both sign-up rules. */
export const randomStanding: fc.Arbitrary<StoredStanding> = randomCatalogue.chain((catalogue) =>
  fc.record({
    account: randomAccount.map((row) => (row === undefined ? undefined : account(...row))),
    source: fc.constantFrom('assigned', 'catalogue'),
    signUp: fc.oneof(
      fc.constant<SignUpRule>({ admits: 'nobody' }),
      fc.subarray([...catalogue.names.roles]).map((roles): SignUpRule => ({ admits: 'everybody', roles })),
    ),
    catalogue: fc.constant(catalogue),
    policyVersion: fc.constant('1'),
  }),
)
