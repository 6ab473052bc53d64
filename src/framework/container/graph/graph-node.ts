import type { Declaration } from '../../decorator/declaration.js'
import type { Scope } from '../../decorator/record.js'
import type { InjectionKey } from '../../decorator/token.js'
import type { Asked } from './constructor-parameters.js'

/** One thing that the container can build. */
export interface GraphNode {
  readonly key: InjectionKey
  readonly label: string
  readonly scope: Scope
  readonly asks: readonly Asked[]
  readonly declaration: Declaration | undefined
  /** Whether `build` may answer with a promise to wait for, as the factory of a singleton may. */
  readonly waits: boolean
  /** Whether the container owns what it builds, and so starts and closes it. */
  readonly owned: boolean
  /** Given the dependencies by position. */
  build(dependencies: readonly unknown[]): unknown
}
