import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Pages live under /app and built files under /assets, so that no name of the API's host is taken.
export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: { target: "es2022", sourcemap: false, chunkSizeWarningLimit: 600, modulePreload: { polyfill: false } },
  server: { proxy: { "/v1": process.env.WICI_PUBLIC_URL ?? "http://127.0.0.1:8000" } },
  test: { environment: "jsdom", setupFiles: ["./tests/setup.ts"], include: ["tests/**/*.test.{ts,tsx}"], css: false, testTimeout: 60_000 },
});
