/** Runs `action` for 0, 1, … `count` - 1, so many at once; answers with what each took in milliseconds, shortest first. */
export async function timeEach(count, atOnce, action) {
  const taken = []
  let next = 0
  const work = async () => {
    while (next < count) {
      const index = next
      next += 1
      const startedAt = performance.now()
      await action(index)
      taken.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, work))
  return taken.sort((a, b) => a - b)
}

/** The same again and again while `work` goes on. */
export async function timeDuring(work, atOnce, action) {
  let going = true
  const ended = work.finally(() => (going = false))
  const taken = []
  const ask = async (lane) => {
    for (let index = lane; going; index += atOnce) {
      const startedAt = performance.now()
      await action(index)
      taken.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, (_, lane) => ask(lane)))
  await ended
  return taken.sort((a, b) => a - b)
}

/** What `share` of the values, shortest first, does not go beyond. */
export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(numbers) {
  return percentile(
    [...numbers].sort((a, b) => a - b),
    0.5,
  )
}

/** Seconds that `action` takes, and its value. */
export async function seconds(action) {
  const startedAt = performance.now()
  const value = await action()
  return { value, seconds: (performance.now() - startedAt) / 1_000 }
}
