export { escapeJson, printable, printableCell, printableJson, printableLine } from '../core/text/printable.js'
