import { inspect } from 'node:util'

/** Everything that can be read out of an error by whoever prints, logs or serializes it. */
export function whatIsSaid(error: unknown): string {
  const said: string[] = []
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    said.push(inspect(cause, { depth: 10, showHidden: true, getters: true }), String(cause), String(cause.stack))
    said.push(JSON.stringify(cause), JSON.stringify(Object.getOwnPropertyDescriptors(cause)))
  }
  return said.join('\n')
}

/** What is written to standard output and standard error meanwhile, by whatever way. */
export async function whatIsPrinted(action: () => Promise<unknown>): Promise<string> {
  const printed: string[] = []
  const streams = [process.stdout, process.stderr]
  const writes = streams.map((stream) => stream.write.bind(stream))
  const methods = ['log', 'error', 'warn', 'info', 'debug', 'dir', 'trace'] as const
  const before = methods.map((method) => console[method])
  const note = (...items: readonly unknown[]): void => void printed.push(inspect(items, { depth: 10 }))
  for (const stream of streams) stream.write = ((text: unknown) => (note(text), true)) as typeof stream.write
  for (const method of methods) console[method] = note
  try {
    await action()
  } finally {
    for (const [index, stream] of streams.entries()) stream.write = writes[index] ?? stream.write
    for (const [index, method] of methods.entries()) console[method] = before[index] ?? note
  }
  return printed.join('\n')
}
