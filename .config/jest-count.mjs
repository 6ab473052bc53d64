// The closing line of `npm test`, after jest's own summary. A file that could not run at all counts as a failure.
export default class Count {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    process.once('exit', () => {
      console.log(`tests: ${results.numPassedTests} passed, ${failed} failed`)
    })
  }
}
