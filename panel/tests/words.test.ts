import { expect, test } from "vitest";
import en from "@/i18n/en.json";
import pl from "@/i18n/pl.json";
import { FIRST, OPERATOR } from "../splitWords.ts";
import { FIRST_PAGES, sourcesIn, withImports } from "./sources";

type Words = { [key: string]: string | Words };
const PLURAL = /_(zero|one|two|few|many|other)$/;

function flat(words: Words, path = ""): Record<string, string> {
  return Object.assign({}, ...Object.entries(words).map(([key, value]) => (typeof value === "string" ? { [path + key]: value } : flat(value, `${path}${key}.`))));
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
  const said = [...sourcesIn("src")].join("\n");
  const made = [...said.matchAll(/`([a-zA-Z.]+\.)\$\{/g)].map((match) => match[1] ?? "");
  const unsaid = Object.keys(words.en).map(nameOf).filter((name) => !said.includes(`"${name}"`) && !made.some((start) => name.startsWith(start)));
  expect(unsaid).toEqual([]);
});

/** The areas of the words that these sources say, whole ("act.save") or begun (`states.${state}`). */
function areasSaidIn(sources: Iterable<string>): string[] {
  const said = [...sources].join("\n");
  const names = Object.keys(words.en).map(nameOf);
  const whole = [...said.matchAll(/"([a-zA-Z]+\.[a-zA-Z.]+)"/g)].map((match) => match[1] ?? "").filter((name) => names.includes(name));
  const begun = [...said.matchAll(/`([a-zA-Z]+\.[a-zA-Z.]*)\$\{/g)].map((match) => match[1] ?? "").filter((start) => names.some((name) => name.startsWith(start)));
  return [...new Set([...whole, ...begun].map((name) => name.split(".")[0] ?? ""))].sort();
}

test("the first pages have their words, and no area that they say nothing of", () => {
  const said = withImports([...FIRST_PAGES, "src/shell/PersonMenu.tsx"]).values();
  expect([...FIRST].sort()).toEqual(areasSaidIn(said));
});

test("what operators' pages alone say comes with them, and no other page says any of it", () => {
  const operators = new Set(sourcesIn("src/areas/operator"));
  const elsewhere = areasSaidIn([...sourcesIn("src")].filter((source) => !operators.has(source)));
  expect([...OPERATOR].sort()).toEqual(areasSaidIn(operators).filter((area) => !elsewhere.includes(area)));
});

test.each(["en", "pl"] as const)("%s: what a button is called to those who hear it holds what it shows (WCAG 2.2, 2.5.3)", (language) => {
  const of = words[language];
  for (const [key, text] of Object.entries(of)) {
    const shown = key.endsWith("Named") ? of[key.slice(0, -"Named".length)] : undefined;
    if (shown) expect(text.toLowerCase(), key).toContain(shown.toLowerCase());
  }
});
