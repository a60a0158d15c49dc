import i18n from "i18next";
import type en from "@/i18n/en.json";

type Noun = keyof typeof en.audit.nouns;
type Verb = keyof typeof en.audit.verbs;

/** An act of the audit trail (`campaign.paused`) in words: the noun, and what was done; the code where there are none. */
export function actInWords(action: string): string {
  const [noun = "", verb = ""] = action.split(".");
  if (!i18n.exists(`audit.nouns.${noun}`) || !i18n.exists(`audit.verbs.${verb}`)) return action;
  return i18n.t("audit.act", { noun: i18n.t(`audit.nouns.${noun as Noun}`), verb: i18n.t(`audit.verbs.${verb as Verb}`) });
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** What is told beside an act; a moment as the account's zone has it. */
export function detailInWords(name: string, value: unknown, time: (at: string) => string): string {
  const said = typeof value === "string" && TIME.test(value) ? time(value) : typeof value === "object" ? JSON.stringify(value) : String(value);
  return `${name}: ${said}`;
}
