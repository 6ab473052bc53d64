// Loaded before the conformance suite, which names an export of `node:fs` that Node.js has from 22 on and that it needs for nothing here.
import { register } from 'node:module'

register(new URL('./suite-hooks.mjs', import.meta.url))
