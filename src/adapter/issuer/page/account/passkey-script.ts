/** Asks the browser for its passkey when a form of passkeys is sent, and sends what it says with the form. */
export const passkeyScript = `'use strict'
{
  const bytes = (text) => {
    const base64 = text.replaceAll('-', '+').replaceAll('_', '/')
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  }
  const text = (buffer) => {
    const characters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('')
    return btoa(characters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  }
  const withIds = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }))
  const create = async (options) => {
    const { challenge, excludeCredentials, user, ...rest } = options
    const publicKey = {
      ...rest, challenge: bytes(challenge), user: { ...user, id: bytes(user.id) },
      excludeCredentials: withIds(excludeCredentials),
    }
    const { id, rawId, response, type } = await navigator.credentials.create({ publicKey })
    return {
      id, rawId: text(rawId), type, clientExtensionResults: {},
      response: {
        clientDataJSON: text(response.clientDataJSON), attestationObject: text(response.attestationObject),
      },
    }
  }
  const get = async (options) => {
    const { allowCredentials, challenge, ...rest } = options
    const publicKey = { ...rest, challenge: bytes(challenge), allowCredentials: withIds(allowCredentials) }
    const { id, rawId, response, type } = await navigator.credentials.get({ publicKey })
    return {
      id, rawId: text(rawId), type, clientExtensionResults: {},
      response: {
        clientDataJSON: text(response.clientDataJSON), authenticatorData: text(response.authenticatorData),
        signature: text(response.signature),
      },
    }
  }
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.addEventListener('submit', async (event) => {
      const field = form.elements.namedItem('credential')
      if (field.value !== '') return
      event.preventDefault()
      const problem = form.querySelector('[data-problem]')
      problem.hidden = true
      try {
        const ask = form.dataset.passkey === 'factor-enrol-passkey' ? create : get
        field.value = JSON.stringify(await ask(JSON.parse(form.dataset.options)))
        form.submit()
      } catch {
        problem.hidden = false
      }
    })
  }
}
`
