import { isDeepStrictEqual } from 'node:util'
import { isRecord } from '../json-value.js'

const defaults: Readonly<Record<string, unknown>> = {
  allow_display_name: false,
  allow_fragments: true,
  allow_numeric_tld: false,
  allow_protocol_relative_urls: false,
  allow_query_components: true,
  allow_trailing_dot: false,
  allow_underscores: false,
  allow_utf8_local_part: true,
  allow_wildcard: false,
  blacklisted_chars: '',
  host_blacklist: [],
  host_whitelist: [],
  ignore_max_length: false,
  max_allowed_length: 2_084,
  padding: true,
  protocols: ['http', 'https', 'ftp'],
  require_display_name: false,
  require_host: true,
  require_port: false,
  require_protocol: false,
  require_tld: true,
  require_valid_protocol: true,
  urlSafe: false,
  validate_length: true,
}

/**
 * The options of a validator that are not at their default. The library behind class-validator writes its defaults into
 * the developer's own object at the first validation, so an option that is present was not necessarily chosen.
 */
export function changedOptions(options: unknown): readonly string[] {
  if (!isRecord(options)) return []
  return Object.keys(options).filter((name) => !isDeepStrictEqual(options[name] ?? defaults[name], defaults[name]))
}
