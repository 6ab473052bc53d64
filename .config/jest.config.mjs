const swc = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    target: 'es2023',
    keepClassNames: true,
    transform: {
      legacyDecorator: true,
      decoratorMetadata: true,
      useDefineForClassFields: true,
      verbatimModuleSyntax: true,
    },
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
}

export default {
  rootDir: '..',
  roots: ['<rootDir>/test'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Slow suites have configurations of their own.
  testPathIgnorePatterns: [
    '/node_modules/',
    ...['browser', 'cli', 'clients', 'conformance', 'crash', 'faults', 'process', 'replicas', 'vault'].map(
      (name) => `<rootDir>/test/${name}/`,
    ),
  ],
  testEnvironment: '<rootDir>/.config/jest-environment.mjs',
  testTimeout: 30_000,
  maxWorkers: 2,
  // Modules of test files are never freed: a worker that has run many spends its time on collecting garbage.
  workerIdleMemoryLimit: '1GB',
  injectGlobals: false,
  extensionsToTreatAsEsm: ['.ts'],
  // jest evaluates CommonJS packages while linking, so tsyringe would run before a test's own first import.
  setupFiles: ['reflect-metadata'],
  transform: { '\\.ts$': ['@swc/jest', swc] },
  resolver: '<rootDir>/.config/jest-resolver.cjs',
  moduleNameMapper: {
    '^authsec$': '<rootDir>/src/index.ts',
    '^authsec/metadata$': '<rootDir>/src/metadata.ts',
    '^authsec/stdio$': '<rootDir>/src/stdio.ts',
    '^authsec/testing$': '<rootDir>/src/testing/index.ts',
  },
  reporters: ['default', '<rootDir>/.config/jest-count.mjs'],
}
