import { encode } from 'uqr'
import { html, type Html } from '../html.js'

/** A picture of `text` for cameras: dark on light whatever the colours of the page. */
export function qrCode(text: string): Html {
  const { data, size } = encode(text, { border: 4 })
  const squares = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return html`<svg
    class="qr"
    viewBox="0 0 ${size} ${size}"
    width="240"
    height="240"
    role="img"
    aria-label="QR code for an authenticator app"
    shape-rendering="crispEdges"
  >
    <rect width="${size}" height="${size}" fill="#fff" />
    <path d="${squares}" fill="#000" />
  </svg>`
}
