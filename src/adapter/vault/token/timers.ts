/** What happens later, unless it is called off. */
export interface Timers {
  /** Answers with what calls it off. Nothing stays awake for it. */
  after(seconds: number, action: () => void): () => void
}

export const systemTimers: Timers = {
  after(seconds, action) {
    const timer = setTimeout(action, seconds * 1000).unref()
    return () => {
      clearTimeout(timer)
    }
  },
}
