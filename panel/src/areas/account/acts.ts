import i18n from "i18next";
import type en from "@/i18n/en.json";

type Noun = keyof typeof en.audit.nouns;
type Verb = keyof typeof en.audit.verbs;
type Detail = keyof typeof en.audit.told;

/** An act of the audit trail (`campaign.paused`) in words: the noun, and what was done; the code where there are none. */
export function actInWords(action: string): string {
  const [noun = "", verb = ""] = action.split(".");
  if (!i18n.exists(`audit.nouns.${noun}`) || !i18n.exists(`audit.verbs.${verb}`)) return action;
  return i18n.t("audit.act", { noun: i18n.t(`audit.nouns.${noun as Noun}`), verb: i18n.t(`audit.verbs.${verb as Verb}`) });
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** Words and numbers one after another. */
const isList = (value: unknown): value is unknown[] => Array.isArray(value) && value.every((one) => typeof one !== "object");

/** How a moment and an id are said: as the account's zone has it, and by the name of what it is of; null where that is not known. */
interface Words {
  time: (at: string) => string;
  nameOf: (id: string) => string | null;
}

/** What is told beside an act; null for what says nothing to a person: nothing at all, or ids without a name. */
export function detailInWords(name: string, value: unknown, words: Words): string | null {
  const said = isList(value) ? value.map((one) => valueInWords(one, words)).filter(Boolean).join(" · ") : valueInWords(value, words);
  const told = i18n.exists(`audit.told.${name}`) ? i18n.t(`audit.told.${name as Detail}`) : name;
  return said ? `${told}: ${said}` : null;
}

function valueInWords(value: unknown, { time, nameOf }: Words): string | null {
  if (value === null) return null;
  if (typeof value !== "string") return typeof value === "object" ? JSON.stringify(value) : String(value);
  if (ID.test(value)) return nameOf(value);
  return TIME.test(value) ? time(value) : value;
}
