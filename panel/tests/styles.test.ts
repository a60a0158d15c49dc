import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const STYLES = "node_modules/@mantine/core/styles";
/** What stands in components of Mantine's that the panel does name. */
const INSIDE = [
  "baseline", "default-css-variables", "global", "CloseButton", "ColorPicker", "ColorSwatch", "Combobox", "FloatingIndicator", "InlineInput",
  "ModalBase", "Notification", "Overlay", "Pill", "PillsInput", "Popover", "VisuallyHidden", "Input",
];

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (entry.name.endsWith(".tsx")) yield readFileSync(path, "utf8");
  }
}

test("of Mantine's styles just those are there that the panel uses", () => {
  const imports = [...sources("src")].flatMap((text) => [...text.matchAll(/import \{([^}]*)\} from "@mantine\/core"/g)]);
  const named = imports.flatMap((one) => (one[1] ?? "").split(",").map((name) => name.trim()));
  const wanted = new Set([...named.filter((name) => name && existsSync(join(STYLES, `${name}.css`))), ...INSIDE]);
  const there = [...readFileSync("src/mantine.css", "utf8").matchAll(/styles\/([\w-]+)\.css/g)].map((one) => one[1] ?? "");

  expect(there.toSorted()).toEqual([...wanted].toSorted());
});
