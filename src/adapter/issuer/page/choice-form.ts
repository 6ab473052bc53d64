import { html, type Html } from './html.js'

export interface Choice {
  readonly csrf: string
  readonly accept: ChoiceButton
  readonly refuse: ChoiceButton
  readonly otherAccount: ChoiceButton['action']
}

interface ChoiceButton {
  readonly action: string
  readonly label: string
}

/** Yes, no, or as somebody else: what a page asks a person to decide. */
export function choiceForm({ csrf, accept, refuse, otherAccount }: Choice): Html {
  return html`<form method="post">
    <input type="hidden" name="csrf" value="${csrf}" />
    <div class="choice">
      <button class="button" name="action" value="${accept.action}">${accept.label}</button>
      <button class="button quiet" name="action" value="${refuse.action}">${refuse.label}</button>
    </div>
    <button class="link" name="action" value="${otherAccount}">Use another account</button>
  </form>`
}
