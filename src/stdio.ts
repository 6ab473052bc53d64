import { claimStandardOutput } from './adapter/mcp/stdio/protocol-output.js'

/** Imported first, this keeps standard output for the protocol before any other module can write there. */
claimStandardOutput()
