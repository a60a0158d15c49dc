import i18n from "i18next";
import { initReactI18next } from "react-i18next";
import type en from "@/i18n/en.json";

export const LANGUAGES = ["pl", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
const KEPT_AS = "wici-language";
const WORDS = "translation";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
  }
}

// Nobody fetches the other language before they choose it, nor the words of all pages before the first one is there.
const CATALOGUES = {
  pl: { first: () => import("@/i18n/pl.json?first"), rest: () => import("@/i18n/pl.json?rest"), operator: () => import("@/i18n/pl.json?operator") },
  en: { first: () => import("@/i18n/en.json?first"), rest: () => import("@/i18n/en.json?rest"), operator: () => import("@/i18n/en.json?operator") },
};
type Part = keyof (typeof CATALOGUES)[Language];
const wanted = new Set<Part>(["first"]);
const fetched = new Set<string>();

export function chosenLanguage(): Language {
  const names = [localStorage.getItem(KEPT_AS), ...navigator.languages.map((name) => name.slice(0, 2))];
  return names.find((name): name is Language => LANGUAGES.includes(name as Language)) ?? "en";
}

export async function chooseLanguage(language: Language): Promise<void> {
  await speak(language);
  localStorage.setItem(KEPT_AS, language);
}

/** The words of more pages than the first, in the language that is spoken and in whichever is chosen later. */
export async function fetchMoreWords(...parts: Part[]): Promise<void> {
  for (const part of parts) wanted.add(part);
  await ready;
  await fetchWords(i18n.language as Language);
}

/** Fetches the words of a language, and then says everything in it. */
async function speak(language: Language): Promise<void> {
  await fetchWords(language);
  document.documentElement.lang = language;
  await i18n.changeLanguage(language);
}

async function fetchWords(language: Language): Promise<void> {
  await Promise.all([...wanted].map((part) => fetchPart(language, part)));
}

async function fetchPart(language: Language, part: Part): Promise<void> {
  const name = `${language} ${part}`;
  if (fetched.has(name)) return;
  i18n.addResourceBundle(language, WORDS, (await CATALOGUES[language][part]()).default, true);
  fetched.add(name);
}

const begun = i18n.use(initReactI18next).init({
  resources: {},
  interpolation: { escapeValue: false },
  returnNull: false,
});

/** The first words are there; nothing is shown before. */
export const ready = begun.then(() => speak(chosenLanguage()));

export default i18n;
