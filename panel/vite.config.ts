import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { firstLoad } from "./firstLoad.ts";
import { splitWords } from "./splitWords.ts";

// What the first pages share comes as two files with all that it imports, not as forty small ones: each has its head and its turn.
const GROUPS = [
  { name: "start", test: /src\/(main|areas\/session\/LogIn)\.tsx$/, priority: 2 },
  { name: "frame", test: /src\/(areas\/session\/Gate|areas\/home\/Home)\.tsx$/, priority: 1 },
];

// Pages live under /app and built files under /assets, so that no name of the API's host is taken.
export default defineConfig({
  plugins: [react(), splitWords(), firstLoad()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    sourcemap: false,
    chunkSizeWarningLimit: 600,
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { codeSplitting: { groups: GROUPS } } },
  },
  server: { proxy: { "/v1": process.env.WICI_PUBLIC_URL ?? "http://127.0.0.1:8000" } },
  test: { environment: "jsdom", setupFiles: ["./tests/setup.ts"], include: ["tests/**/*.test.{ts,tsx}"], css: false, testTimeout: 60_000 },
});
