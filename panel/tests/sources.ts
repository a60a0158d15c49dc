import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What may be the first thing that somebody sees. */
export const FIRST_PAGES = [
  "src/main.tsx", "src/areas/session/LogIn.tsx", "src/areas/session/Register.tsx", "src/areas/session/Forgotten.tsx", "src/areas/session/Gate.tsx", "src/areas/home/Home.tsx",
];

export function* sourcesIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourcesIn(path);
    else if (/\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts")) yield readFileSync(path, "utf8");
  }
}

/** The text of `files` and of all that they import at once (not of what they import when it is wanted), by path. */
export function withImports(files: string[], found = new Map<string, string>()): Map<string, string> {
  for (const file of files.filter((one) => !found.has(one))) {
    const text = readFileSync(file, "utf8");
    found.set(file, text);
    const named = [...text.matchAll(/^import (?!type ).*"@\/(.+)";$|^\} from "@\/(.+)";$/gm)].map((one) => one[1] ?? one[2] ?? "");
    withImports(named.flatMap((name) => [`src/${name}.ts`, `src/${name}.tsx`, `src/${name}/index.ts`]).filter(existsSync), found);
  }
  return found;
}
