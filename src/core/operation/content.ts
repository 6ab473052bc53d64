/** One part of an answer, as in the Model Context Protocol (`server/tools`, Tool Result). */
export type Content =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image' | 'audio'; readonly data: string; readonly mimeType: string }
  | { readonly type: 'resource_link'; readonly uri: string; readonly name: string; readonly [member: string]: unknown }
  | { readonly type: 'resource'; readonly resource: { readonly uri: string; readonly [member: string]: unknown } }

/** What an operation answers, complete: `content` is always there. */
export interface OperationResult {
  readonly content: readonly Content[]
  readonly structuredContent?: Readonly<Record<string, unknown>>
  readonly isError?: true
}

/** A result with one text. */
export function textResult(text: string): OperationResult {
  return { content: [{ type: 'text', text }] }
}

/** A result that tells the caller what went wrong, in words the caller may see. */
export function errorResult(text: string): OperationResult {
  return { content: [{ type: 'text', text }], isError: true }
}
