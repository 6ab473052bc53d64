/**
 * Throw it from a tool to tell the caller, in these words, why the call did not work. Every other error is hidden behind
 * a reference, because its message may say more than the caller should know.
 */
export class ToolError extends Error {
  override readonly name = 'ToolError'
}
