export interface JsonRpcAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: {
    readonly result?: {
      readonly tools?: readonly { name: string }[]
      readonly content?: readonly { text: string }[]
      readonly isError?: boolean
    }
    readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
  }
}

/** One stateless JSON-RPC request of protocol 2025-11-25. */
export async function postMcp(
  url: string,
  token: string | undefined,
  method: string,
  params?: object,
): Promise<JsonRpcAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, ...(params === undefined ? {} : { params }) }),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as JsonRpcAnswer['body'] }
}
