export { printable, printableCell, printableJson, printableLine } from '../core/text/printable.js'
