/** What is younger than this is no better when it is read again: nobody makes a store, a token endpoint or an engine work for nothing. */
const leastMilliseconds = 10_000

/** Whether something that a service did not take is read again; `since` is when it was read, by `performance.now()`. */
export function mayBeDropped(since: number): boolean {
  return performance.now() - since >= leastMilliseconds
}
