import { Checkbox, Group, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";

export interface ContactForm {
  first_name: string;
  last_name: string;
  phone: string;
  email: string;
  company: string;
  city: string;
  birth_date: string;
  external_id: string;
  /** The account's own fields by their keys, as they are written. */
  fields: Record<string, string>;
  consents: Record<Consented, boolean>;
}

/** One of as many digits as JSON keeps; what else the API takes, it reads itself. */
const NUMBER = /^-?\d{1,15}([.,]\d{1,12})?$/;

type Field = Schemas["ContactField"];
export const CONSENTED = ["sms", "email", "whatsapp", "rcs"] as const;
export type Consented = (typeof CONSENTED)[number];
const TEXTS = ["first_name", "last_name", "phone", "email", "company", "city", "birth_date", "external_id"] as const;
const KEYS = {
  first_name: "contacts.firstName", last_name: "contacts.lastName", phone: "contacts.phone", email: "contacts.email",
  company: "contacts.company", city: "contacts.city", birth_date: "contacts.birthDate", external_id: "contacts.externalId",
} as const;

/** What an account has added to what every contact has. */
export function useOwnFields(): Field[] {
  return queries.useQuery("get", "/v1/contact-fields", { params: { query: { limit: 1000 } } }).data?.items ?? [];
}

export function formOf(contact?: Schemas["Contact"]): ContactForm {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, contact?.[name] ?? ""])) as Record<(typeof TEXTS)[number], string>;
  const own = Object.entries(contact?.fields ?? {}).flatMap(([key, value]) => (value == null ? [] : [[key, String(value)]]));
  const consents = Object.fromEntries(CONSENTED.map((channel) => [channel, contact?.consents[channel]?.granted ?? false]));
  return { ...texts, fields: Object.fromEntries(own), consents: consents as ContactForm["consents"] };
}

/** The form as the API takes it; of consents and own fields only those that have changed, for each change is kept as one. */
export function bodyOfForm(form: ContactForm, before: ContactForm, own: Field[] = []) {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, form[name].trim() || null]));
  const changed = CONSENTED.filter((channel) => form.consents[channel] !== before.consents[channel]);
  const consents = Object.fromEntries(changed.map((channel) => [channel, { granted: form.consents[channel], source: "panel" }]));
  const written = own.filter(({ key }) => (form.fields[key] ?? "") !== (before.fields[key] ?? ""));
  const fields = Object.fromEntries(written.map(({ key, type }) => [key, valueOf(type, form.fields[key] ?? "")]));
  return { ...texts, ...(written.length > 0 && { fields }), ...(changed.length > 0 && { consents }) };
}

/** What is written in a field, as its kind has it; what is no number is left for the API to refuse. */
function valueOf(type: string, words: string): string | number | boolean | null {
  const text = words.trim();
  if (!text) return null;
  if (type === "boolean") return text === "true";
  return type === "number" && NUMBER.test(text) ? Number(text.replace(",", ".")) : text;
}

export function ContactFields({ form }: { form: UseFormReturnType<ContactForm> }) {
  const { t } = useTranslation();
  const own = useOwnFields();
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {TEXTS.map((name) => (
          <TextInput key={name} label={t(KEYS[name])} type={name === "birth_date" ? "date" : "text"} {...form.getInputProps(name)} />
        ))}
        {own.map((field) => (
          <Own key={field.id} field={field} form={form} />
        ))}
      </SimpleGrid>
      <Group>
        {CONSENTED.map((channel) => (
          <Checkbox key={channel} label={t("contacts.consent", { channel: t(`channel.${channel}`) })} {...form.getInputProps(`consents.${channel}`, { type: "checkbox" })} />
        ))}
      </Group>
    </Stack>
  );
}

function Own({ field, form }: { field: Field; form: UseFormReturnType<ContactForm> }) {
  const { t } = useTranslation();
  const put = (words: string | null) => form.setFieldValue("fields", { ...form.values.fields, [field.key]: words ?? "" });
  const look = { label: field.label, value: form.values.fields[field.key] ?? "", error: form.errors[`fields.${field.key}`] };
  if (field.type === "boolean") {
    const choices = [
      { value: "true", label: t("fields.yes") },
      { value: "false", label: t("fields.no") },
    ];
    return <Select {...look} data={choices} clearable clearButtonProps={{ "aria-label": t("act.clear") }} onChange={put} />;
  }
  const type = field.type === "date" ? "date" : "text";
  return <TextInput {...look} type={type} inputMode={field.type === "number" ? "decimal" : undefined} onChange={(event) => put(event.currentTarget.value)} />;
}

/** Where a contact's form says what is wrong: an own field at that field. */
export const CONTACT_NAMES = (own: Field[]) => Object.fromEntries(own.map(({ key }) => [`fields.${key}`, `fields.${key}`]));
