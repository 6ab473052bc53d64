/** Base of every error the product throws on purpose. Compare by `code`, not by class. Messages are prose and may change. */
export abstract class AuthSecError<Code extends string = string> extends Error {
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}
