import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CollectorAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface CollectedLog {
  readonly eventName: string
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[]
}

export interface CollectedRequest {
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly logs: readonly CollectedLog[]
}

export interface OtlpCollector {
  /** Of the logs. */
  readonly url: string
  readonly requests: readonly CollectedRequest[]
  close(): Promise<void>
}

/** A receiver of OpenTelemetry logs, which answers as it is told. */
export async function openCollector(answer: (request: CollectedRequest) => CollectorAnswer): Promise<OtlpCollector> {
  const requests: CollectedRequest[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const collected = { headers: request.headers, body, logs: logsIn(body) }
      requests.push(collected)
      const { body: said = {}, headers, status } = answer(collected)
      response.writeHead(status, headers).end(JSON.stringify(said))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`,
    requests,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function logsIn(body: string): readonly CollectedLog[] {
  return JSON.parse(body).resourceLogs[0].scopeLogs[0].logRecords
}
