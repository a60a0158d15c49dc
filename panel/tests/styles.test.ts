import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FIRST_PAGES, sourcesIn, withImports } from "./sources";

const STYLES = "node_modules/@mantine/core/styles";
/** What stands in components of Mantine's that the panel does not name. */
const INSIDE = [
  "baseline", "default-css-variables", "global", "CloseButton", "ColorPicker", "ColorSwatch", "Combobox", "FloatingIndicator", "InlineInput",
  "ModalBase", "Notification", "Overlay", "Pill", "PillsInput", "Popover", "VisuallyHidden", "Input",
];
const UNDER_MANY = ["Paper", "UnstyledButton"];

const namesIn = (text: string) => [...text.matchAll(/import \{([^}]*)\} from "@mantine\/core"/g)].flatMap((one) => (one[1] ?? "").split(",").map((name) => name.trim()));
const styled = (texts: string[]) => texts.flatMap(namesIn).filter((name) => name && existsSync(join(STYLES, `${name}.css`)));
const stylesIn = (file: string) => [...readFileSync(file, "utf8").matchAll(/styles\/([\w-]+)\.css/g)].map((one) => one[1] ?? "");

test("of Mantine's styles just those are there that the panel uses, each once", () => {
  const wanted = new Set([...styled([...sourcesIn("src")]), ...INSIDE]);
  const there = [...stylesIn("src/mantine.css"), ...stylesIn("src/mantineRest.css")];

  expect(there.toSorted()).toEqual([...wanted].toSorted());
});

test("the first pages have the styles of what they show, and of little else", () => {
  const shown = new Set(styled([...withImports(FIRST_PAGES).values()]));
  const there = stylesIn("src/mantine.css").filter((name) => !INSIDE.includes(name));

  expect(there.toSorted()).toEqual([...shown, ...UNDER_MANY].toSorted());
});
