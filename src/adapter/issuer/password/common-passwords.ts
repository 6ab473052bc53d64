let loading: Promise<ReadonlySet<string>> | undefined

/** Passwords that others have lost or that everybody thinks of, in small letters. Loaded when the first password is set: nobody else needs them. */
export function commonPasswords(): Promise<ReadonlySet<string>> {
  return (loading ??= load())
}

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  return new Set(dictionary['passwords-common'].map((password) => String(password).toLowerCase()))
}
