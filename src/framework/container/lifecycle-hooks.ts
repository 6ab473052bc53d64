/** A singleton that has work to do before the server listens. What it was given is started before it. */
export interface OnStart {
  onStart(): void | Promise<void>
}

/**
 * A singleton that has something to let go of. Called once, after everything that was given this instance is closed; also
 * where the start failed after this instance was built. Without it, `Symbol.asyncDispose` or `Symbol.dispose` is called.
 */
export interface OnClose {
  onClose(): void | Promise<void>
}

/** Calls `onStart` where there is one. */
export async function startInstance(instance: unknown): Promise<void> {
  await callHook(instance, 'onStart')
}

/** Lets an instance go by the first hook that it has: `onClose`, `Symbol.asyncDispose`, `Symbol.dispose`. */
async function closeInstance(instance: unknown): Promise<void> {
  for (const hook of ['onClose', Symbol.asyncDispose, Symbol.dispose]) {
    if (await callHook(instance, hook)) return
  }
}

/** Closes instances in the reverse order, each whatever became of the others; answers with what went wrong. */
export async function closeInstances(instances: readonly unknown[]): Promise<readonly unknown[]> {
  const failures: unknown[] = []
  for (const instance of instances.toReversed()) {
    try {
      await closeInstance(instance)
    } catch (error) {
      failures.push(error)
    }
  }
  return failures
}

async function callHook(instance: unknown, name: string | symbol): Promise<boolean> {
  if ((typeof instance !== 'object' && typeof instance !== 'function') || instance === null) return false
  const hook: unknown = Reflect.get(instance, name)
  if (typeof hook !== 'function') return false
  await Reflect.apply(hook, instance, [])
  return true
}
