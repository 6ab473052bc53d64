import type { McpHarness, Sent } from './mcp-harness.js'

/** Everything of an answer but the date. */
export async function bytesOf(harness: McpHarness, sent: Sent): Promise<unknown> {
  const { status, rawHeaders, text } = await harness.send(sent)
  const date = rawHeaders.indexOf('Date')
  return { status, headers: rawHeaders.filter((_, index) => index !== date + 1), text }
}

/** The same as text, with one name in place of another, and without the length that this changes. */
export async function renamedBytes(harness: McpHarness, sent: Sent, name: string, renamed: string): Promise<string> {
  const text = JSON.stringify(await bytesOf(harness, sent)).replaceAll(name, renamed)
  return text.replace(/"Content-Length","\d+"/, '')
}
