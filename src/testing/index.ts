export { createTestApp, type TestAnswer, type TestApp, type TestCaller, type TestClient } from './create-test-app.js'
