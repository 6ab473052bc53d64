import { jest } from '@jest/globals'

let [now, stop]: [number | undefined, () => void] = [undefined, () => undefined]

/** By `performance.now()` so much more time has gone by, and from then on none but what is passed like this, until `stopPassing`. */
export function passMilliseconds(milliseconds: number): void {
  const passed = (now ?? performance.now()) + milliseconds
  stop()
  const spy = jest.spyOn(performance, 'now').mockReturnValue(passed)
  now = passed
  stop = () => spy.mockRestore()
}

/** The time is what it is. */
export function stopPassing(): void {
  stop()
  stop = () => undefined
  now = undefined
}
