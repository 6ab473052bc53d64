import { McpServer, ProtectedByAuthSec, ToolError, UserContext } from 'authsec'
import { CalculatorInput } from './calculator-input.js'
import { CreateResourceInput } from './create-resource-input.js'

@McpServer({ name: 'My Secure MCP Server', version: '1.0.0' })
export class QuickstartServer {
  @ProtectedByAuthSec({ description: 'Says hello to whoever is signed in' })
  hello(user: UserContext): string {
    return `Hello, ${user.email}!`
  }

  @ProtectedByAuthSec({ description: 'Computes with two numbers' })
  calculator(input: CalculatorInput): string {
    if (input.operation === 'divide' && input.b === 0) throw new ToolError('Cannot divide by zero')
    return String(compute(input))
  }

  @ProtectedByAuthSec({ roles: ['admin'], description: 'Opens the admin panel' })
  adminPanel(): string {
    return 'Admin panel accessed'
  }

  @ProtectedByAuthSec({ scopes: ['write'], description: 'Creates a resource' })
  createResource(input: CreateResourceInput): string {
    return `Resource '${input.name}' created successfully!`
  }

  @ProtectedByAuthSec({ roles: ['admin'], description: 'Shows the admin dashboard' })
  adminDashboard(user: UserContext): string {
    return `Welcome to admin dashboard, ${user.email}!`
  }

  @ProtectedByAuthSec({
    scopes: ['read'],
    resources: ['analytics'],
    requireAll: true,
    description: 'Shows analytics',
  })
  viewAnalytics(): string {
    return 'Analytics'
  }

  @ProtectedByAuthSec({ roles: ['admin', 'manager', 'analyst'], description: 'Shows business reports' })
  viewReports(): string {
    return 'Business reports'
  }

  @ProtectedByAuthSec({
    roles: ['admin', 'deployer'],
    scopes: ['write'],
    resources: ['production'],
    requireAll: true,
    description: 'Deploys to production',
  })
  deployProduction(): string {
    return 'Deployment initiated'
  }

  @ProtectedByAuthSec({ groups: ['engineering', 'devops'], description: 'Opens the tools of engineering' })
  engineeringTools(): string {
    return 'Engineering dashboard'
  }

  @ProtectedByAuthSec({
    roles: ['admin', 'superuser'],
    groups: ['security-team'],
    scopes: ['write', 'admin'],
    resources: ['production', 'sensitive-data'],
    requireAll: true,
    description: 'Runs a sensitive operation',
  })
  sensitiveOperations(): string {
    return 'Sensitive operation completed'
  }
}

function compute({ operation, a, b }: CalculatorInput): number {
  switch (operation) {
    case 'add':
      return a + b
    case 'subtract':
      return a - b
    case 'multiply':
      return a * b
    case 'divide':
      return a / b
  }
}
