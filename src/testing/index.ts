export {
  createTestApp,
  type TestAnswer,
  type TestApp,
  type TestAppOptions,
  type TestCaller,
  type TestClient,
} from './create-test-app.js'
export type { TestService } from './test-service.js'
export type { ServiceAuthOptions, ServiceOptions } from '../core/external-service/service-options.js'
export { findLeaks } from '../app/leak-test/find-leaks.js'
export type { CheckResult, Leak, LeakCheck, LeakReport } from '../app/leak-test/leak-report.js'
export type { LeakTestCall, LeakTestCaller, LeakTestOptions } from '../app/leak-test/leak-test-options.js'
export { ServerSilentError } from '../app/leak-test/tested-server.js'
