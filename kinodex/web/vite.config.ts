import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The server that `npm run dev` sends what is under /api to.
const server = process.env["KINODEX_SERVER"] ?? "http://127.0.0.1:8730";

/** Beside each file that is worth it lies what it is compressed; the server sends that to whoever takes it. */
function compressed(folder: string): Plugin {
  return {
    name: "kinodex:compressed",
    apply: "build",
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        if (!/\.(js|css|html|svg)$/.test(name)) continue;
        const text = readFileSync(join(folder, name));
        const small = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: text.length } });
        if (text.length > 1000) writeFileSync(join(folder, `${name}.br`), small);
      }
    },
  };
}

export default defineConfig({
  plugins: [svelte(), compressed(join(import.meta.dirname, "dist"))],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    sourcemap: false,
    reportCompressedSize: true,
  },
  server: { proxy: { "/api": { target: server, changeOrigin: true } } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
  resolve: process.env["VITEST"] ? { conditions: ["browser"] } : {},
});
