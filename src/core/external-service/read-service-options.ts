import { ConfigurationError } from '../error/configuration-error.js'
import { requirementFromJson, requirementToJson } from '../permission/requirement/requirement-json.js'
import { authenticated, type Requirement } from '../permission/requirement/requirement.js'
import type { NetworkReach } from '../runtime/fetcher.js'
import { isObject, OptionReader } from '../trust/option-reader.js'
import { enginePathFault } from './engine-path.js'
import type { CredentialSource, ServiceAuth } from './external-service.js'
import { readServiceAuth } from './read-service-auth.js'
import { readRotationPlan } from './rotation/read-rotation-plan.js'
import type { ServiceOptions, ServiceSettings } from './service-options.js'
import { normalServiceUrl, serviceUrlFault } from './service-url.js'

const members = Object.keys({
  ...{ url: 0, auth: 0, requirement: 0, source: 0, description: 0, tags: 0, network: 0, rotation: 0 },
} satisfies Record<keyof ServiceOptions, 0>)

const longestUrl = 2048
const longestDescription = 1000
const longestTag = 60
const mostTags = 20
const longestPath = 255
/** A stand-in is a URL, so that what is made of it can be made. */
const nowhere = 'https://service.invalid'

/**
 * What a service is to be, from its options as they were written, defaults filled in. Throws one `ConfigurationError` that lists all
 * that is wrong with them.
 */
export function readServiceOptions(written: unknown): ServiceSettings {
  const faults: string[] = []
  if (!isObject(written)) throw refusal('the service is not an object')
  const settings = readAll(new OptionReader(written, faults))
  const failure = ConfigurationError.join(faults.map((fault) => refusal(`the service's ${fault}`)))
  if (failure !== undefined) throw failure
  return settings
}

/** The options that settings were read from, everything said. */
export function serviceOptionsOf(settings: ServiceSettings): ServiceOptions {
  const { auth, description, reach, requirement, rotation, source, tags, url } = settings
  return {
    ...{ url, auth, source, tags, network: reach, requirement: requirementToJson(requirement) },
    ...(description === undefined ? {} : { description }),
    ...(rotation === undefined ? {} : { rotation }),
  }
}

function readAll(options: OptionReader): ServiceSettings {
  options.refuseUnknown(members)
  const reach = options.optionalWord('network', ['public', 'private'] as const) ?? 'public'
  const url = readUrl(options, reach)
  const auth = readServiceAuth(options, reach)
  const rotation = readRotationPlan(options, url)
  return {
    ...{ url, auth, reach, source: readSource(options, auth) },
    requirement: readWho(options),
    description: options.optionalText('description', longestDescription),
    tags: readTags(options),
    ...(rotation === undefined ? {} : { rotation }),
  }
}

function readUrl(options: OptionReader, reach: NetworkReach): string {
  const url = options.text('url', longestUrl)
  const fault = url === '' ? undefined : serviceUrlFault(url, reach)
  if (fault !== undefined) options.fault('url', fault)
  return url === '' || fault !== undefined ? nowhere : normalServiceUrl(url)
}

function readWho(options: OptionReader): Requirement {
  if (!options.has('requirement')) {
    options.fault(
      'requirement',
      'is missing: say who may use it, as {"roles":["admin"]} (--role admin), or {} for everybody whom an operation lets in (--everybody)',
    )
    return authenticated
  }
  try {
    return requirementFromJson(options.value('requirement'))
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    options.fault('requirement', `is none: ${error.message}`)
    return authenticated
  }
}

function readSource(options: OptionReader, auth: ServiceAuth): CredentialSource {
  const source = options.optionalObject('source')
  if (source === undefined) return { from: 'store' }
  source.refuseUnknown(['from', 'path'])
  if (!source.has('from')) source.fault('from', 'is missing: store, dynamic or static')
  const from = source.optionalWord('from', ['store', 'dynamic', 'static'] as const) ?? 'store'
  if (from === 'store') {
    if (source.has('path')) source.fault('path', "says nothing with from: 'store': leave it out")
    return { from }
  }
  if (auth.type === 'oauth2') source.fault('from', `is not ${from} with oauth2, whose credential is in the store`)
  const path = source.text('path', longestPath)
  const fault = path === '' ? undefined : enginePathFault(path, from)
  if (fault !== undefined) source.fault('path', fault)
  return { from, path }
}

function readTags(options: OptionReader): readonly string[] {
  const tags = options.optionalTexts('tags', longestTag, 0) ?? []
  if (tags.length > mostTags) options.fault('tags', `are more than ${mostTags}`)
  return tags
}

function refusal(message: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_SERVICE', message)
}
