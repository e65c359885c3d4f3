// Builds the page into dist/ as hashed files that the program embeds; in development /api goes to PAWL_URL or the mock server.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

/** Asks for the two fonts together with the script, so that text does not wait for the style sheet to name them. */
function preloadFonts(): Plugin {
  return {
    name: 'pawl-preload-fonts',
    enforce: 'post',
    transformIndexHtml: {
      order: 'post',
      handler(_html, context) {
        const fonts = Object.keys(context.bundle ?? {}).filter((name) => name.endsWith('.woff2'));
        return fonts.map((name) => ({
          tag: 'link',
          attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: '', href: `/${name}` },
          injectTo: 'head' as const,
        }));
      },
    },
  };
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const backend = process.env.PAWL_URL ?? 'http://127.0.0.1:7399';

export default defineConfig({
  plugins: [svelte(), preloadFonts()],
  resolve: { alias: { $kit: here('./src/kit/index.ts'), $api: here('./src/api/index.ts') } },
  build: { target: 'es2022', sourcemap: false, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // The server answers its own origin alone, and here the page has another.
  server: { port: 5199, proxy: { '/api': { target: backend, changeOrigin: true, headers: { origin: backend } } } },
});
