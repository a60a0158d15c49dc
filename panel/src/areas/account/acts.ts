import i18n from "i18next";
import type en from "@/i18n/en.json";

type Noun = keyof typeof en.audit.nouns;
type Verb = keyof typeof en.audit.verbs;
type Detail = keyof typeof en.audit.told;
type Value = keyof typeof en.audit.values;

/** An act of the audit trail (`campaign.paused`) in words: the noun, and what was done; the code where there are none. */
export function actInWords(action: string): string {
  const [noun = "", verb = ""] = action.split(".");
  if (!i18n.exists(`audit.nouns.${noun}`) || !i18n.exists(`audit.verbs.${verb}`)) return action;
  return i18n.t("audit.act", { noun: i18n.t(`audit.nouns.${noun as Noun}`), verb: i18n.t(`audit.verbs.${verb as Verb}`) });
}

/** What belongs to the platform and to no account: acts on it stand in the operators' trail alone. */
const OF_PLATFORM = ["carrier", "ip_pool", "mail_route", "operator", "plan", "route", "sms_price"];

/** What acts are done to, in the trail of an account or of operators, by their words in order; the trail takes one for all its acts. */
export function nounsOfActs(trail: "account" | "operators"): { value: string; label: string }[] {
  const all = Object.entries(i18n.t("audit.nouns", { returnObjects: true }) as Record<string, string>);
  const nouns = all.filter(([value]) => trail === "operators" || !OF_PLATFORM.includes(value));
  return nouns.map(([value, label]) => ({ value, label })).sort((one, other) => one.label.localeCompare(other.label, i18n.language));
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** Words and numbers one after another. */
const isList = (value: unknown): value is unknown[] => Array.isArray(value) && value.every((one) => typeof one !== "object");

const ofField = (name: string) => `audit.fields.${name}`;
const ofReason = (name: string) => `archive.reasons.${name}`;
/** Where the words are for the codes of a detail; most are those of another page. */
const KEY_OF: Record<string, (code: string) => string> = {
  fields: ofField,
  company: ofField,
  reason_given: ofReason,
  archive_reason: ofReason,
  channel: (code) => `channel.${code}`,
  state: (code) => `states.${code}`,
  operation: (code) => `combine.operations.${code}`,
  kind: (code) => (i18n.exists(`senders.mailKinds.${code}`) ? `senders.mailKinds.${code}` : `schedules.kinds.${code}`),
  type: (code) => `fields.types.${code}`,
};
/** Details that tell one of a few codes, which no other page shows. */
const CODED = ["decision", "trial", "source", "act", "who"];
/** Details that tell rights, or may. */
const OF_RIGHTS = ["permissions", "scopes", "before", "after"];

/** How a moment, an id and a right are said: as the account's zone has it, by the name of what it is of, and in the API's words; null where that is not known. */
interface Words {
  time: (at: string) => string;
  nameOf: (id: string) => string | null;
  rightOf: (name: string) => string | null;
}

/** What is told beside an act; null for what says nothing to a person: nothing at all, or ids without a name. */
export function detailInWords(name: string, value: unknown, words: Words): string | null {
  const said = isList(value) ? value.map((one) => valueInWords(name, one, words)).filter(Boolean).join(" · ") : valueInWords(name, value, words);
  const told = i18n.exists(`audit.told.${name}`) ? i18n.t(`audit.told.${name as Detail}`) : name;
  return said ? `${told}: ${said}` : null;
}

function valueInWords(name: string, value: unknown, words: Words): string | null {
  if (value === null) return null;
  if (typeof value === "boolean") return i18n.t(value ? "senders.yes" : "senders.no");
  if (typeof value !== "string") return typeof value === "object" ? JSON.stringify(value) : String(value);
  if (ID.test(value)) return words.nameOf(value);
  return TIME.test(value) ? words.time(value) : codeInWords(name, value, words);
}

/** What somebody has written is no code, and stays as it is. */
function codeInWords(name: string, code: string, { rightOf }: Words): string {
  const key = KEY_OF[name]?.(code);
  if (key && i18n.exists(key)) return i18n.t(key as never);
  if (OF_RIGHTS.includes(name)) return rightOf(code) ?? code;
  return CODED.includes(name) && i18n.exists(`audit.values.${code}`) ? i18n.t(`audit.values.${code as Value}`) : code;
}
