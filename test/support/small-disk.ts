import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of its own that can be full. */
export class SmallDisk {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  /** Nothing where this process may not mount any. It belongs to whoever `like` belongs to. */
  static mount(like: string): SmallDisk | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'authsec-disk-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' })
    } catch {
      rmdirSync(folder)
      return undefined
    }
    const { gid, uid } = statSync(like)
    chownSync(folder, uid, gid)
    return new SmallDisk(folder)
  }

  /** Until `free`. */
  fill(): void {
    const piece = Buffer.alloc(4_096)
    try {
      for (;;) writeFileSync(join(this.folder, 'filler'), piece, { flag: 'a' })
    } catch {
      // It is full.
    }
  }

  free(): void {
    rmSync(join(this.folder, 'filler'), { force: true })
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.folder], { stdio: 'ignore' })
    rmdirSync(this.folder)
  }
}
