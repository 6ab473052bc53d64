const part =
  /authorization|cookie|token|jwt|passw|passphrase|secret|verifier|credential|masterkey|apikey|privatekey|signingkey|sessionid|assertion|databaseurl|connectionstring|ticket/

/** Short words that are a secret by themselves and nothing as a part of another name. */
const whole: ReadonlySet<string> = new Set([
  'code',
  'state',
  'nonce',
  'otp',
  'pin',
  'key',
  'csrf',
  'bearer',
  'pass',
  'pwd',
])

/** How certain it is that what goes by this name is secret: `always`, also as a number, or unless it is a number, such as a count of tokens. */
export function secrecyOf(name: string): 'always' | 'text' | 'none' {
  const plain = name.toLowerCase().replace(/[^a-z]/g, '')
  if (whole.has(plain)) return 'always'
  return part.test(plain) ? 'text' : 'none'
}
