import { createAuthSecApp } from 'authsec'
import { GitHubServer } from './github-server.js'

export default createAuthSecApp({ servers: [GitHubServer], clientId: 'github-service', tenants: 'any' })
