import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    // What is built runs as it is, and so does what it imports.
    server: { deps: { external: [/\/dist\//] } },
    // Tests that start servers share two cores with their load.
    fileParallelism: false,
  },
});
