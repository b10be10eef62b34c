import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// `npm run dev` serves the page itself and hands everything else to a running `regatta serve`.
const server = process.env.REGATTA_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  // A build elsewhere than beside the sources, as CMake does, says where its result goes.
  build: { outDir: process.env.REGATTA_WEB_OUT ?? 'dist', emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0 },
  server: { proxy: { '/graphql': server, '/api': server, '/files': server } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
