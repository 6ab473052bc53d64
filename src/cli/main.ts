#!/usr/bin/env node
import { run } from './run.js'

const exit = process.exit.bind(process)
const code = await run(process.argv, process.env)
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((resolve) => stream.write('', () => resolve()))
}
// An app that was read may have left timers and connections behind, and something to do at the end.
process.removeAllListeners('exit')
exit(code)
