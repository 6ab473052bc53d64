import { jest } from '@jest/globals'

let passed = 0
let stop: () => void = () => undefined

/** So much more time has gone by `performance.now()` from now on, until `stopPassing`. */
export function passMilliseconds(milliseconds: number): void {
  stop()
  passed += milliseconds
  const [now, ahead] = [performance.now.bind(performance), passed]
  const spy = jest.spyOn(performance, 'now').mockImplementation(() => now() + ahead)
  stop = () => spy.mockRestore()
}

/** The time is what it is. */
export function stopPassing(): void {
  stop()
  stop = () => undefined
  passed = 0
}
