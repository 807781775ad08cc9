import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

const browserCode = ['web/client/**/*.{ts,svelte}'];

// A test that sleeps is slow on every day and wrong on a slow one.
const noSleeps = [
  {
    selector: "CallExpression[callee.name='setTimeout']",
    message: 'Wait for the event or poll the condition (vi.waitFor, expect.poll) instead of sleeping.',
  },
  {
    selector: "ImportDeclaration[source.value='node:timers/promises']",
    message: 'Wait for the event or poll the condition (vi.waitFor, expect.poll) instead of sleeping.',
  },
];

export default ts.config(
  {
    ignores: [
      '**/node_modules/',
      'db/src/generated/',
      'web/client/.svelte-kit/',
      'web/client/build/',
      'web/client/static/',
      'start/worker/shims/',
      'e2e/artifacts/',
      'loadtest/reports/',
      '.data/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: globals.node },
    rules: {
      eqeqeq: 'error',
      // TypeScript finds fallthrough itself, and knows which functions never return.
      'no-fallthrough': 'off',
      'no-console': 'error',
      'object-shorthand': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
    },
  },
  {
    // Rules that need types: mistakes with promises, and unions that are not handled to the end. Not for components:
    // each would make the whole program anew, minutes for all of them, and svelte-check has read their types already.
    files: ['**/*.ts'],
    ignores: ['**/*.svelte.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser } },
    rules: {
      // Props are written with `let`: some of them are bound, and the plain rule cannot tell which.
      'prefer-const': 'off',
      'svelte/prefer-const': ['error', { destructuring: 'all', excludedRunes: ['$props', '$derived'] }],
    },
  },
  {
    files: browserCode,
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      // Links inside the app are built by its own route functions.
      'svelte/no-navigation-without-resolve': 'off',
      // A plain Map or Set is right where no page reads it.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  {
    files: ['**/*.test.ts', '**/test/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...noSleeps] },
  },
  {
    // Command-line tools speak to a person on the terminal, programs that tests start to the test.
    files: ['loadtest/**', '**/tools/**', '**/test/**', 'start/*.mjs'],
    rules: { 'no-console': 'off' },
  },
  {
    // Scenarios run inside k6, which has globals of its own.
    files: ['loadtest/k6/**'],
    languageOptions: {
      globals: {
        __ENV: 'readonly',
        __VU: 'readonly',
        __ITER: 'readonly',
        open: 'readonly',
        console: 'readonly',
      },
    },
  },
);
