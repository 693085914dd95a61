import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** Graph is what imports what. */
interface Graph {
  getModuleInfo(id: string): { importers: readonly string[] } | null;
}

/**
 * ofFirstPage puts the modules of the first page into few files, which arrive sooner than many: those
 * of libraries into one, which stays as it is when the pages change.
 */
function ofFirstPage() {
  const needed = new Map<string, boolean>();
  const isNeeded = (id: string, graph: Graph): boolean => {
    const known = needed.get(id);
    if (known !== undefined) return known;
    needed.set(id, false); // modules that import each other
    const found = id.endsWith('/src/main.tsx') || (graph.getModuleInfo(id)?.importers ?? []).some((by) => isNeeded(by, graph));
    needed.set(id, found);
    return found;
  };
  return [
    { debugName: 'libraries', name: (id: string, graph: Graph) => (id.includes('/node_modules/') && isNeeded(id, graph) ? 'libraries' : null), priority: 1 },
    { debugName: 'first', name: (id: string, graph: Graph) => (isNeeded(id, graph) ? 'first' : null) },
  ];
}

// Addresses are relative to the base element, which the server sets to the path
// that the twin is served under.
export default defineConfig({
  base: './',
  plugins: [react()],
  build: {
    target: 'es2022',
    sourcemap: false,
    modulePreload: { polyfill: false }, // every browser of the target has it
    // public/.gitkeep comes back as dist/.gitkeep, which lets the Go code compile
    // before the first build.
    emptyOutDir: true,
    chunkSizeWarningLimit: 1600,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: 'index.html', docs: 'docs.html' },
      output: { codeSplitting: { groups: ofFirstPage() } },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': process.env.ENERGYTWIN_API ?? 'http://127.0.0.1:8080' },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
