import type { UpstreamError } from '../../../core/error/upstream-error.js'

/** What `work` comes to, or the error when it takes longer; the work goes on for whoever asks next. */
export async function inTime<Value>(
  work: Promise<Value>,
  milliseconds: number,
  late: () => UpstreamError,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), milliseconds)
  })
  try {
    return await Promise.race([work, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
