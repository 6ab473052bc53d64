import childProcess, { ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { fileURLToPath } from 'node:url'
import threads from 'node:worker_threads'
import { isObject } from '../http/json-rpc.js'

const standardOutput = 1
const standardError = 2
const outputPaths: ReadonlySet<unknown> = new Set(['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'])

type Callable = (...args: readonly unknown[]) => unknown

/** Loggers write to the descriptor themselves, or open it by a name. `process.stdout` does not come this way. */
export function divertDescriptor(): void {
  const names = ['write', 'writev', 'writeFile', 'appendFile', 'open']
  const apart = (original: Callable): Callable => {
    return (target, ...rest) => original(divertedTarget(target), ...rest)
  }
  for (const name of [...names, ...names.map((name) => `${name}Sync`)]) replace(fs, name, apart)
  for (const name of ['writeFile', 'appendFile', 'open']) replace(fs.promises, name, apart)
  replace(fs, 'close', (original) => (target, done) => {
    if (target !== standardOutput) original(target, done)
    else if (typeof done === 'function') process.nextTick(() => Reflect.apply(done, undefined, [null]))
  })
  replace(fs, 'closeSync', (original) => (target) => (target === standardOutput ? undefined : original(target)))
  syncBuiltinESMExports()
}

/** `spawn`, `exec`, `fork` and their kin all end in `ChildProcess`; those that wait for the end of the child do not. */
export function divertChildren(): void {
  const { prototype }: { readonly prototype: object } = ChildProcess
  const original: unknown = Reflect.get(prototype, 'spawn')
  if (typeof original === 'function') {
    Reflect.set(prototype, 'spawn', function spawn(this: ChildProcess, options: unknown) {
      return Reflect.apply(original, this, [divertedOptions(options)])
    })
  }
  for (const name of ['spawnSync', 'execFileSync', 'execSync']) {
    replace(
      childProcess,
      name,
      (wait) =>
        (...args) =>
          wait(...args.map(divertedOptions)),
    )
  }
  syncBuiltinESMExports()
}

/** A thread has modules of its own: there, standard output is claimed before anything else is loaded. */
export function divertThreads(): void {
  const preload = ['--require', fileURLToPath(new URL('../../../stdio.js', import.meta.url))]
  threads.Worker = new Proxy(threads.Worker, {
    construct(target, [file, options]: readonly unknown[], newTarget): object {
      const given = isObject(options) ? options : {}
      const flags = Array.isArray(given['execArgv']) ? given['execArgv'] : process.execArgv
      try {
        return Reflect.construct(target, [file, { ...given, execArgv: [...flags, ...preload] }], newTarget)
      } catch {
        // Flags that a thread may inherit but not be given; or it cannot be started at all, which is for the caller to see.
        return Reflect.construct(target, [file, options], newTarget)
      }
    },
  })
  syncBuiltinESMExports()
}

/** Puts a function in place of a module's own, with what belongs to it: `promisify` looks there. */
function replace(owner: object, name: string, change: (original: Callable) => Callable): void {
  const original: unknown = Reflect.get(owner, name)
  if (typeof original !== 'function') return
  const changed = change((...args) => Reflect.apply(original, owner, args))
  Object.defineProperties(changed, Object.getOwnPropertyDescriptors(original))
  Reflect.set(owner, name, changed)
}

function divertedTarget(target: unknown): unknown {
  if (target === standardOutput) return standardError
  return outputPaths.has(target) ? '/dev/stderr' : target
}

function divertedOptions(options: unknown): unknown {
  if (!isObject(options) || options['stdio'] === undefined) return options
  return { ...options, stdio: diverted(options['stdio']) }
}

function diverted(stdio: unknown): unknown {
  if (stdio === 'inherit') return ['inherit', standardError, 'inherit']
  if (!Array.isArray(stdio)) return stdio
  return stdio.map((entry: unknown, index) => (inherits(entry, index) ? standardError : entry))
}

function inherits(entry: unknown, index: number): boolean {
  if (entry === standardOutput || (entry === 'inherit' && index === standardOutput)) return true
  return typeof entry === 'object' && entry !== null && Reflect.get(entry, 'fd') === standardOutput
}
