import 'authsec/stdio'
import app from './app.js'

await app.stdio()
