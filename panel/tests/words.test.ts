import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import en from "@/i18n/en.json";
import pl from "@/i18n/pl.json";

type Words = { [key: string]: string | Words };
const PLURAL = /_(zero|one|two|few|many|other)$/;

function flat(words: Words, path = ""): Record<string, string> {
  return Object.assign({}, ...Object.entries(words).map(([key, value]) => (typeof value === "string" ? { [path + key]: value } : flat(value, `${path}${key}.`))));
}

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts")) yield readFileSync(path, "utf8");
  }
}

const words = { en: flat(en), pl: flat(pl) };
const nameOf = (key: string) => key.replace(PLURAL, "");

test("both languages have the same words", () => {
  const names = (of: Record<string, string>) => [...new Set(Object.keys(of).map(nameOf))].sort();
  expect(names(words.pl)).toEqual(names(words.en));
});

test.each(["en", "pl"] as const)("%s has every plural of its own", (language) => {
  const wanted = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  const counted = new Set(Object.keys(words[language]).filter((key) => key.endsWith("_one")).map(nameOf));
  for (const name of counted) for (const one of wanted) expect(Object.keys(words[language])).toContain(`${name}_${one}`);
});

test("a word names the same values in both languages", () => {
  const values = (text: string) => [...new Set(text.match(/{{\w+}}/g))].sort();
  for (const [key, text] of Object.entries(words.pl)) {
    const other = words.en[key] ?? words.en[`${nameOf(key)}_other`];
    const optional = (one: string) => one !== "{{count}}";
    expect(values(text).filter(optional), key).toEqual(values(other ?? "").filter(optional));
  }
});

test("no word is there that nobody says", () => {
  const said = [...sources("src")].join("\n");
  const made = [...said.matchAll(/`([a-zA-Z.]+\.)\$\{/g)].map((match) => match[1] ?? "");
  const unsaid = Object.keys(words.en).map(nameOf).filter((name) => !said.includes(`"${name}"`) && !made.some((start) => name.startsWith(start)));
  expect(unsaid).toEqual([]);
});
