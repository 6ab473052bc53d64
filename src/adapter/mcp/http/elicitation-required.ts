import type { ConnectLink } from '../../../core/external-service/connect/connect-error.js'
import { RpcError } from './json-rpc.js'

/** Model Context Protocol, `client/elicitation`, URL Elicitation Required Error. */
const urlElicitationRequired = -32042

/** What a client is told that can send its user to a page, once that has to happen before a call can work. */
export function elicitationRequired({ id, service, url }: ConnectLink): RpcError {
  const message = `Sign in at ${service}, so that this server can use it for you`
  const elicitations = [{ mode: 'url', elicitationId: id, url, message }]
  return new RpcError({ code: urlElicitationRequired, message, data: { elicitations } })
}
