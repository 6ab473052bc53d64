/** A JSON Schema 2020-12 document. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** The schema of an operation's input or output: always an object. */
export type ObjectSchema = JsonSchema & { readonly type: 'object' }
