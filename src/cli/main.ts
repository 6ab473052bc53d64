#!/usr/bin/env node
import { run } from './run.js'

process.exitCode = await run(process.argv, process.env)
// An app that was read may have left timers and connections behind.
setTimeout(() => process.exit(), 200).unref()
