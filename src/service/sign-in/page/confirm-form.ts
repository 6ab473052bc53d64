import { choiceForm } from '../../../adapter/issuer/page/choice-form.js'
import type { Html } from '../../../adapter/issuer/page/html.js'

/** What both confirm pages ask: go on, cancel, or sign in as somebody else. */
export function confirmForm(csrf: string): Html {
  return choiceForm({
    csrf,
    accept: { action: 'confirm', label: 'Continue' },
    refuse: { action: 'deny', label: 'Cancel' },
    otherAccount: 'other-account',
  })
}
