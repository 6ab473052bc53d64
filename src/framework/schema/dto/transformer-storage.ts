import { createRequire } from 'node:module'
import { Type, type TypeHelpOptions } from 'class-transformer'
import { ConfigurationError } from '../../../core/error/configuration-error.js'

/** One subtype of a discriminated union, as class-transformer's `@Type` takes it. */
export interface Subtype {
  readonly name: string
  readonly value: unknown
}

/** What `@Type` says of a property. */
export interface TypeMetadata {
  readonly typeFunction?: ((help: TypeHelpOptions) => unknown) | undefined
  readonly reflectedType?: unknown
  readonly options?:
    | {
        readonly keepDiscriminatorProperty?: boolean | undefined
        readonly discriminator?: { readonly property: string; readonly subTypes: readonly Subtype[] } | undefined
      }
    | undefined
}

/** What `@Expose` or `@Exclude` says of a property. */
export interface VisibilityMetadata {
  readonly propertyName: string
  readonly options?: { readonly toPlainOnly?: boolean } | undefined
}

interface TransformerStorage {
  findTypeMetadata(target: object, property: string): TypeMetadata | undefined
  getExposedMetadatas(target: object): readonly VisibilityMetadata[]
  getExcludedMetadatas(target: object): readonly VisibilityMetadata[]
  getStrategy(target: object): 'excludeAll' | 'exposeAll' | 'none'
}

/** The decorators of class-transformer, as recorded. The package exports no access to them, so its own file is loaded. */
export const transformerStorage: TransformerStorage = loadStorage()

function loadStorage(): TransformerStorage {
  const loaded: unknown = createRequire(import.meta.url)('class-transformer/cjs/storage')
  const storage =
    typeof loaded === 'object' && loaded !== null && 'defaultMetadataStorage' in loaded
      ? loaded.defaultMetadataStorage
      : undefined
  if (!isStorage(storage) || !isShared(storage)) {
    throw new ConfigurationError(
      'ERR_CONFIG_SCHEMA',
      'two builds of class-transformer are loaded, so @Type cannot be seen. Keep class-transformer and authsec out of the bundle (external)',
    )
  }
  return storage
}

function isStorage(value: unknown): value is TransformerStorage {
  return typeof value === 'object' && value !== null && 'findTypeMetadata' in value && 'getExposedMetadatas' in value
}

/** A bundler may take another build of the package: then what its decorators record does not arrive in this storage. */
function isShared(storage: TransformerStorage): boolean {
  class Probe {}
  Type(() => Probe)(Probe.prototype, 'probe')
  return storage.findTypeMetadata(Probe, 'probe') !== undefined
}
