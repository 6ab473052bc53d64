import { Injectable } from '../../src/framework/decorator/injectable.js'

/** Injectable, but imported as a type by those who use it: compilers then record nothing of it. */
@Injectable()
export class Erased {
  readonly name = 'erased'
}
