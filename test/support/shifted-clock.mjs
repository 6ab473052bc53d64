// Preloaded into a server process: its clock is wrong by the milliseconds in SHIFT_FILE, which is read again on SIGUSR2. Timers and
// `performance` go on as they do when somebody sets the clock of a machine.
import { readFileSync } from 'node:fs'

const RealDate = Date
const read = () => Number(readFileSync(process.env['SHIFT_FILE'], 'utf8'))
let shift = read()
process.on('SIGUSR2', () => {
  shift = read()
})

globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + shift)
    else super(...given)
  }

  static now() {
    return RealDate.now() + shift
  }
}
