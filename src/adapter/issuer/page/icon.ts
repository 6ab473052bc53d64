/** Where the icon of the sign-in pages is served: without one of theirs, browsers ask for `/favicon.ico`. */
export const iconPath = '/authsec/signin.svg'

/** A padlock that stands out on light and dark tabs. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#2f4fd8"/>
<path d="M11 14v-3a5 5 0 0 1 10 0v3" fill="none" stroke="#fff" stroke-width="2.5"/>
<rect x="8" y="14" width="16" height="11" rx="2.5" fill="#fff"/>
<path d="M16 18v3" stroke="#2f4fd8" stroke-width="2.5" stroke-linecap="round"/>
</svg>
`
