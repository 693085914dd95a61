import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// Addresses are relative to the base element, which the server sets to the path
// that the twin is served under.
export default defineConfig({
  base: './',
  plugins: [react()],
  build: {
    target: 'es2022',
    sourcemap: false,
    // public/.gitkeep comes back as dist/.gitkeep, which lets the Go code compile
    // before the first build.
    emptyOutDir: true,
    chunkSizeWarningLimit: 1600,
    assetsInlineLimit: 0,
    rollupOptions: { input: { index: 'index.html', docs: 'docs.html' } },
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': process.env.ENERGYTWIN_API ?? 'http://127.0.0.1:8080' },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
