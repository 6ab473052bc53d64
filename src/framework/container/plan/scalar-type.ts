/** What the compiler records for `string`, `number` and `boolean`. */
export type ScalarType = StringConstructor | NumberConstructor | BooleanConstructor

/** Whether a recorded type is one that `@Arg` can name. */
export function isScalarType(type: unknown): type is ScalarType {
  return type === String || type === Number || type === Boolean
}
