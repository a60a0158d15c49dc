import type { Schemas } from "@/api/client";

export type SignUpForm = Schemas["Form"];
export type Settings = Schemas["FormCreate"];
type Field = SignUpForm["fields"][number];

/** In which the panel writes the words of a consent; what the API was told in others stays. */
const LANGUAGES = ["pl", "en"];
/** Always asked, and always answered. */
const EMAIL = "email";

export const languagesOf = (form: SignUpForm | null, main: string) => [...new Set([main, ...LANGUAGES, ...Object.keys(form?.consent_texts ?? {})])];

/** What the page of forms shows of one, or of a new one in `language`. */
export function valuesOf(form: SignUpForm | null, language: string) {
  const asked = (form?.fields ?? [{ key: "first_name", required: false }]).filter(({ key }) => key !== EMAIL);
  return {
    name: form?.name ?? "",
    title: form?.title ?? "",
    consent: Object.fromEntries(languagesOf(form, language).map((one) => [one, form?.consent_texts[one] ?? ""])),
    asked: asked.map(({ key }) => key),
    required: asked.filter(({ required }) => required).map(({ key }) => key),
    channels: form?.channels ?? [EMAIL],
    groups: form?.group_ids ?? [],
    sender: form?.sender?.email ?? "",
    senderName: form?.sender?.name ?? "",
    submitted_url: form?.submitted_url ?? "",
    confirmed_url: form?.confirmed_url ?? "",
    origins: form?.origins.join(" ") ?? "",
    archived: form?.archived ?? false,
  };
}

export type Values = ReturnType<typeof valuesOf>;

/** As the API takes it; a field that was asked for before keeps the words by which it is. */
export function settingsOf(form: SignUpForm | null, values: Values, language: string, labelOf: (key: string) => string): Settings {
  const before = (key: string): Field | undefined => form?.fields.find((field) => field.key === key);
  const field = (key: string, required: boolean): Field => ({ ...(before(key) ?? { key, labels: { [language]: labelOf(key) } }), required });
  const texts = Object.entries({ ...form?.consent_texts, ...values.consent }).filter(([, words]) => words.trim());
  const email = values.sender.trim();
  return {
    name: values.name,
    title: values.title.trim() || values.name.slice(0, 100),
    language,
    consent_texts: Object.fromEntries(texts),
    fields: [field(EMAIL, true), ...values.asked.map((key) => field(key, values.required.includes(key)))],
    group_ids: values.groups,
    channels: values.channels as Settings["channels"],
    sender: email ? { ...form?.sender, email, name: values.senderName.trim() } : null,
    submitted_url: values.submitted_url.trim() || null,
    confirmed_url: values.confirmed_url.trim() || null,
    origins: values.origins.split(/\s+/).filter(Boolean),
  };
}

/** Where in the form stands what the API finds wrong. */
export function fieldNames(languages: string[], main: string): Record<string, string> {
  return {
    ...Object.fromEntries(languages.map((one) => [`consent_texts.${one}`, `consent.${one}`])),
    consent_texts: `consent.${main}`,
    language: `consent.${main}`,
    "sender.name": "senderName",
    fields: "asked",
    group_ids: "groups",
  };
}
