import { createAuthSecApp } from 'authsec'
import { QuickstartServer } from './quickstart-server.js'

export default createAuthSecApp({
  servers: [QuickstartServer],
  clientId: 'quickstart',
  appName: 'My Secure MCP Server',
  tenants: 'any',
})
