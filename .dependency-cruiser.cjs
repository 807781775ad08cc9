// The arrows between the folders: who may import whom. Everything not listed for a folder is forbidden.
const arrows = {
  contract: [],
  rules: ['contract'],
  runtime: ['contract'],
  db: ['contract'],
  sfu: ['contract', 'runtime'],
  signaling: ['contract', 'rules', 'runtime', 'db'],
  proctor: ['contract', 'rules', 'runtime', 'db'],
  'web/server': ['contract', 'rules', 'runtime', 'db'],
  'web/client': ['contract'],
};

// Tests may stand a neighbour up to talk to, and take the media worker's path from the setup.
const ofTests = ['/test/', '[.]test[.]ts$'];

const folders = [...Object.keys(arrows), 'start', 'e2e', 'loadtest'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(arrows).map(([folder, allowed]) => ({
      name: `${folder.replace('/', '-')}-knows-only-${allowed.join('-').replace('/', '-') || 'itself'}`,
      comment: `${folder} may import ${allowed.join(', ') || 'nothing'} of the other folders.`,
      severity: 'error',
      from: { path: `^${folder}/`, pathNot: ofTests },
      to: {
        path: `^(${folders.filter((other) => other !== folder && !allowed.includes(other)).join('|')})/`,
      },
    })),
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { pathNot: ofTests },
      to: { path: ofTests, pathNot: 'node_modules' },
    },
    {
      name: 'only-the-setup-is-composed',
      comment: 'start composes the services; no service knows that it is composed.',
      severity: 'error',
      from: { path: `^(${Object.keys(arrows).join('|')})/` },
      to: { path: '^(start|e2e|loadtest)/', pathNot: '^start/worker/path[.]mjs$' },
    },
    {
      name: 'no-circles',
      comment: 'Circles of imports that exist at run time; types alone may point back.',
      severity: 'error',
      from: { pathNot: 'node_modules' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^([$]|k6|virtual:|[.]/[$]types)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: {
      path: [
        '(^|/)node_modules/(?!@keshi/)',
        '^db/src/generated/',
        '^web/client/([.]svelte-kit|build|static)/',
        '^(e2e/artifacts|loadtest/reports|loadtest/k6|[.]data)/',
      ],
    },
    // Workspaces are symlinks in node_modules; the arrows are about the real folders behind them.
    preserveSymlinks: false,
    combinedDependencies: true,
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'svelte', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.svelte', '.json'],
    },
  },
};
