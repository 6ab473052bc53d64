import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { UserContext } from '../../../core/identity/user-context.js'
import { CallContext } from '../../../core/operation/call-context.js'
import { ServiceAccess } from '../../../core/external-service/service-access.js'
import { readOptions, type Check } from '../../decorator/check-options.js'
import type { Declaration } from '../../decorator/declaration.js'
import { classRecord, prototypeLimits, type Scope } from '../../decorator/record.js'
import type { Class } from '../../decorator/reflect.js'
import { isClass, isInjectionKey, keyLabel, type InjectionKey } from '../../decorator/token.js'
import { constructorParameters, type Asked } from './constructor-parameters.js'
import type { GraphNode } from './graph-node.js'
import { injectionCauses } from './injection-causes.js'
import { classProtections, decoratedMethods, layersOf, prototypesOf } from '../discovery/prototype-chain.js'
import type { ClassProvider, FactoryProvider, Provider, ValueProvider } from '../provider.js'

/** Whether a key stands for what belongs to one call: nobody else may provide it. */
export function isCallValue(key: unknown): boolean {
  return key === UserContext || key === CallContext || key === ServiceAccess
}

/** A class that is built by calling it with `new`. Throws `ConfigurationError` where its parameter types are not recorded. */
export function classNode(
  target: Class,
  options: { readonly scope: Scope; readonly declaration: Declaration },
): GraphNode {
  return {
    key: target,
    label: keyLabel(target),
    asks: constructorParameters(target, options.declaration),
    waits: false,
    owned: true,
    build: (dependencies) => construct(target, dependencies),
    ...options,
  }
}

/** A class with `@Injectable`, by what its decorator says; `undefined` without one. */
export function injectableNode(target: Class): GraphNode | undefined {
  const [injectable, second] = classRecord(target)?.injectables ?? []
  if (injectable === undefined) return undefined
  if (second !== undefined) {
    throw injectable.declaration.fault('ERR_CONFIG_PROVIDER', `${keyLabel(target)} has @Injectable twice`)
  }
  const unenforced = operationDecoratorOf(target)
  if (unenforced !== undefined) {
    const message = `${unenforced.label} has a decorator of operations, but ${keyLabel(target)} is only injected, so nothing would enforce it`
    throw unenforced.fault('ERR_CONFIG_PROTECTION', message)
  }
  return classNode(target, injectable)
}

/** Some decorator of operations or limits, on the class, its bases or their methods. */
function operationDecoratorOf(target: Class): Declaration | undefined {
  const onMethods = decoratedMethods(target).flatMap((method) => layersOf(target, method))
  const [found] = [
    ...classProtections(target),
    ...onMethods.flatMap(({ record }) => record.protections),
    ...prototypesOf(target).flatMap(prototypeLimits),
    ...onMethods.flatMap(({ record }) => record.limits),
  ]
  return found?.declaration
}

/** A provider, checked. Throws `ConfigurationError` (`ERR_CONFIG_PROVIDER`). */
export function providerNode(provider: Provider): GraphNode {
  if (isClass(provider)) return required(provider)
  const { problems } = readOptions(provider, checks)
  const forms = ['useClass', 'useValue', 'useFactory'].filter((form) => problems.length === 0 && form in provider)
  if (problems.length > 0 || forms.length !== 1 || !('provide' in provider)) {
    throw refused([...problems, 'a provider has `provide` and one of useClass, useValue, useFactory'].join('; '))
  }
  if (isCallValue(provider.provide))
    throw refused(`${keyLabel(provider.provide)} comes from the call and from nowhere else`)
  if ('useClass' in provider) return classProviderNode(provider)
  return 'useFactory' in provider ? factoryNode(provider) : valueNode(provider)
}

function classProviderNode({ provide, useClass, scope }: ClassProvider): GraphNode {
  const node = required(useClass)
  return { ...node, key: provide, label: keyLabel(provide), scope: scope ?? node.scope }
}

function required(target: Class): GraphNode {
  if (isCallValue(target)) throw refused(`${keyLabel(target)} comes from the call and from nowhere else`)
  const node = injectableNode(target)
  if (node === undefined) throw refused(`${keyLabel(target)} ${missingInjectable(target)}`)
  return node
}

function missingInjectable(target: Class): string {
  return `is provided, but has no @Injectable() of its own. ${injectionCauses(target)}`
}

function valueNode({ provide, useValue }: ValueProvider): GraphNode {
  return { ...unbuilt(provide), scope: 'singleton', asks: [], owned: false, waits: false, build: () => useValue }
}

function factoryNode({ provide, useFactory, inject = [], scope = 'singleton' }: FactoryProvider): GraphNode {
  const asks = inject.map((value, index): Asked => ({ value, parameter: `parameter ${index + 1}` }))
  if (scope !== 'singleton' && useFactory.constructor.name === 'AsyncFunction') throw asynchronous(provide)
  const build = (dependencies: readonly unknown[]): unknown => {
    const built: unknown = Reflect.apply(useFactory, undefined, dependencies)
    if (scope !== 'singleton' && isThenable(built)) throw asynchronous(provide)
    return built
  }
  return { ...unbuilt(provide), scope, asks, owned: true, waits: scope === 'singleton', build }
}

function unbuilt(key: InjectionKey): Pick<GraphNode, 'key' | 'label' | 'declaration'> {
  return { key, label: keyLabel(key), declaration: undefined }
}

function asynchronous(key: InjectionKey): ConfigurationError {
  return refused(`the factory of ${keyLabel(key)} is asynchronous, which only a singleton's may be`)
}

function refused(message: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_PROVIDER', message)
}

/** A constructor that returns something else would slip an object of its own under the class's name. */
function construct(target: Class, dependencies: readonly unknown[]): unknown {
  const built: unknown = Reflect.construct(target, dependencies)
  if (!(built instanceof target))
    throw refused(`new ${keyLabel(target)}() returns something that is no ${keyLabel(target)}`)
  return built
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

const key: Check = (value) => (isInjectionKey(value) ? undefined : 'must be a class or a token')
const scope: Check = (value) =>
  ['singleton', 'transient', 'call'].includes(String(value)) ? undefined : "must be 'singleton', 'transient' or 'call'"

const checks: Readonly<Record<string, Check>> = {
  provide: key,
  useClass: (value) => (isClass(value) ? undefined : 'must be a class'),
  useValue: (value) =>
    value === undefined ? 'is undefined: perhaps its module is part of an import circle' : undefined,
  useFactory: (value) => (typeof value === 'function' ? undefined : 'must be a function'),
  inject: (value) =>
    Array.isArray(value) && value.every(isInjectionKey) ? undefined : 'must be a list of classes and tokens',
  scope,
}
