import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** The words of the log-in, of the frame around pages and of the home page; a test says which is missing or too many. */
export const FIRST = [
  "account", "act", "campaigns", "changed", "channel", "forgotten", "home", "login", "nav", "register", "report", "shell", "state", "states",
];
/** The words that the operators' pages alone say; a test holds it to that. */
export const OPERATOR = ["operator"];

function partOf(name: string): string {
  if (FIRST.includes(name)) return "first";
  return OPERATOR.includes(name) ? "operator" : "rest";
}

/** `pl.json?first` has the words that the first pages need, `?operator` those of operators' pages, `?rest` all others: the first page waits for no others, and no account for those of operators. */
export function splitWords(): Plugin {
  return {
    name: "split-words",
    enforce: "pre",
    load: {
      filter: { id: /\.json\?(first|rest|operator)$/ },
      handler(id) {
        const [path = "", part] = id.split("?");
        this.addWatchFile(path);
        const words: Record<string, unknown> = JSON.parse(readFileSync(path, "utf8"));
        const kept = Object.entries(words).filter(([name]) => partOf(name) === part);
        const text = JSON.stringify(Object.fromEntries(kept));
        return { code: `export default JSON.parse(${JSON.stringify(text)});`, moduleType: "js" };
      },
    },
  };
}
