import { describe, expect, it } from '@jest/globals'
import { nameProblem, operationNameOf } from '../../../src/framework/container/discovery/operation-name.js'

describe('the name of an operation', () => {
  it.each([
    ['ping', 'ping'],
    ['adminPanel', 'admin_panel'],
    ['createResource', 'create_resource'],
    ['listMyRepos', 'list_my_repos'],
    ['getHTTPStatus', 'get_http_status'],
    ['HTTPServer', 'http_server'],
    ['parseJSON', 'parse_json'],
    ['toURL', 'to_url'],
    ['listURLs', 'list_urls'],
    ['getIDsOfUsers', 'get_ids_of_users'],
    ['isAString', 'is_a_string'],
    ['getXForY', 'get_x_for_y'],
    ['oauth2Token', 'oauth2_token'],
    ['getV2Users', 'get_v2_users'],
    ['listS3Buckets', 'list_s3_buckets'],
    ['getHTTP2Status', 'get_http2_status'],
    ['sha256sum', 'sha256sum'],
    ['sha256Sum', 'sha256_sum'],
    ['utf8ToASCII', 'utf8_to_ascii'],
    ['top10', 'top10'],
    ['already_snake_case', 'already_snake_case'],
    ['Mixed_caseName', 'mixed_case_name'],
    ['_hidden', 'hidden'],
    ['two__underscores_', 'two_underscores'],
    ['SHOUT_LOUD', 'shout_loud'],
    ['X', 'x'],
    ['aB', 'a_b'],
  ])('of the method %s is %s', (method, name) => {
    expect(operationNameOf(method)).toBe(name)
  })

  it.each(['größe', 'cash$', '$', '__', 'a b', 'a-b', 'a.b', ''])('cannot be made of %j', (method) => {
    expect(operationNameOf(method)).toBeUndefined()
  })

  it.each(['ping', 'A.b-c_9', 'x'.repeat(64), 'my_oauth_start', 'oauth'])('may be %j', (name) => {
    expect(nameProblem(name)).toBeUndefined()
  })

  it.each(['', 'x'.repeat(65), 'a b', 'a/b', 'ä', 'a\n', 'a\u0000', 'oauth_start', 'OAuth_x', 'oauth_'])(
    'may not be %j',
    (name) => {
      expect(nameProblem(name)).toBeDefined()
    },
  )
})
