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

// Each language is a file of its own: nobody fetches the other one before they choose it.
const CATALOGUES = { pl: () => import("@/i18n/pl.json"), en: () => import("@/i18n/en.json") };

export function chosenLanguage(): Language {
  const wanted = [localStorage.getItem(KEPT_AS), ...navigator.languages.map((name) => name.slice(0, 2))];
  return wanted.find((name): name is Language => LANGUAGES.includes(name as Language)) ?? "en";
}

export async function chooseLanguage(language: Language): Promise<void> {
  await speak(language);
  localStorage.setItem(KEPT_AS, language);
}

/** Fetches the words of a language, and then says everything in it. */
async function speak(language: Language): Promise<void> {
  if (!i18n.hasResourceBundle(language, WORDS)) i18n.addResourceBundle(language, WORDS, (await CATALOGUES[language]()).default);
  document.documentElement.lang = language;
  await i18n.changeLanguage(language);
}

const begun = i18n.use(initReactI18next).init({
  resources: {},
  interpolation: { escapeValue: false },
  returnNull: false,
});

/** The words are there; nothing is shown before. */
export const ready = begun.then(() => speak(chosenLanguage()));

export default i18n;
