// Declaring operations
export { ProtectedByAuthSec } from './framework/decorator/protected-by-auth-sec.js'
export { Public } from './framework/decorator/public.js'
export { RateLimit } from './framework/decorator/rate-limit.js'
export type { RateLimitOptions, RateLimits } from './framework/decorator/rate-limit-options.js'
export { Tool } from './framework/decorator/tool.js'
export { McpServer, type McpServerOptions } from './framework/decorator/mcp-server.js'
export { Describe } from './framework/decorator/describe.js'
export { Sensitive } from './framework/decorator/sensitive.js'
export { Arg, type ArgDecorator, type ArgOptions } from './framework/decorator/arg.js'
export { protectedByAuthSec, publicTool, type ToolDefinition } from './framework/decorator/tool-definition.js'
export type { DemandOptions, ProtectionOptions, ToolOptions } from './framework/decorator/options.js'
export type { InputDecorator, OperationDecorator, ServerClassDecorator } from './framework/decorator/target.js'
export type { SchemaSource } from './framework/schema/schema-source.js'
export type { Class } from './framework/decorator/reflect.js'

// What may be demanded
export { allOf, anyOf, group, not, permission, resource, role, scope } from './core/permission/requirement/builders.js'
export {
  policy,
  type Policy,
  type PolicyCall,
  type PolicyClass,
  type PolicyOptions,
  type PolicyVerdict,
} from './core/permission/requirement/policy.js'
export type { GrantRequirement, PolicyReference, Requirement } from './core/permission/requirement/requirement.js'
export {
  requirementFromJson,
  requirementToJson,
  type RequirementJson,
} from './core/permission/requirement/requirement-json.js'

// Injection
export { Injectable, type InjectableOptions } from './framework/decorator/injectable.js'
export { Inject, type InjectDecorator } from './framework/decorator/inject.js'
export { createToken, type InjectionKey, type Token } from './framework/decorator/token.js'
export type { ClassProvider, FactoryProvider, Provider, ValueProvider } from './framework/container/provider.js'
export type { OnClose, OnStart } from './framework/container/lifecycle-hooks.js'

// Running servers
export { createAuthSecApp, type AuthSecApp, type ListeningApp } from './app/create-auth-sec-app.js'
export { runMcpServerWithOAuth, type RunOptions } from './app/run-mcp-server-with-oauth.js'
export {
  allowInProcessManager,
  allowPastedTokens,
  allowSessionLogin,
  type AuthSecAppOptions,
} from './app/auth-sec-app-options.js'
export type {
  CreationRequest,
  CredentialRotator,
  RotationRequest,
} from './core/external-service/rotation/credential-rotator.js'
export type { IssuerOptions, PresetName } from './core/trust/issuer-options.js'
export type { LoginWay } from './app/settings/login-way.js'
export type { SeedAccount, SeedTenant } from './app/development/development-seed.js'

// What calls carry
export type { Actor } from './core/identity/actor.js'
export { UserContext } from './core/identity/user-context.js'
export { CallContext } from './core/operation/call-context.js'
export type { CallLogLevel, ElicitAnswer, ElicitRequest } from './core/operation/call-channel.js'
export type { Content, OperationResult } from './core/operation/content.js'
export { ToolError } from './core/operation/tool-error.js'
export type { AdmittedTenants } from './core/identity/application.js'
export type { Category, Grants } from './core/permission/grants.js'

// External services
export { Secret } from './core/credential/secret.js'
export {
  ServiceAccess,
  type ServiceReadiness,
  type ServiceUserDetails,
} from './core/external-service/service-access.js'
export type { ServiceRequestInit } from './core/external-service/service-request.js'

// Errors
export { AuthSecError } from './core/error/auth-sec-error.js'
export { AuthenticationError, type AuthenticationErrorCode } from './core/error/authentication-error.js'
export { ConfigurationError, type ConfigurationErrorCode } from './core/error/configuration-error.js'
export { PermissionDeniedError, type PermissionDeniedErrorCode } from './core/error/permission-denied-error.js'
export { ServiceError, type ServiceErrorCode } from './core/error/service-error.js'
export { UpstreamError, type Outage, type UpstreamErrorCode } from './core/error/upstream-error.js'
