/** A command asked for something that is not allowed or not there. The CLI prints the message and exits with 5. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}
