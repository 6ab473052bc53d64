import type { JsonSchema } from '../../../core/operation/json-schema.js'

/** A part of a schema as one validator states it. `type`, where present, is the list of the types it allows. */
export type Fragment = JsonSchema

/** What a validator means in JSON Schema, or a sentence that says what to write instead. */
export type Translation = Fragment | string

/** Translates one kind of validator, given the constraints of its decorator. */
export type Translator = (constraints: readonly unknown[]) => Translation
