import { html, type Html } from '../html.js'

/** Where the one script of these pages is served. */
export const passkeyScriptPath = '/authsec/account/passkey.js'

export interface PasskeyForm {
  readonly csrf: string
  readonly action: 'factor-passkey' | 'factor-enrol-passkey'
  /** For the browser's `navigator.credentials`, as JSON. */
  readonly options: string
  readonly label: string
  readonly extra?: Html | undefined
}

/** A form that the script fills in with what the browser's passkey says. */
export function passkeyForm({ action, csrf, extra, label, options }: PasskeyForm): Html {
  return html`<form method="post" data-passkey="${action}" data-options="${options}">
      <input type="hidden" name="csrf" value="${csrf}" />
      <input type="hidden" name="action" value="${action}" />
      <input type="hidden" name="credential" value="" />
      ${extra}
      <button class="button">${label}</button>
      <p class="problem" role="alert" data-problem hidden>
        The passkey could not be used. Try again, or use another way.
      </p>
      <noscript><p class="problem">Passkeys need JavaScript in this browser.</p></noscript>
    </form>
    <script src="${passkeyScriptPath}" defer></script>`
}
