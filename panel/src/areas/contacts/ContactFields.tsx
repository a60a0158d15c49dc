import { Checkbox, Group, SimpleGrid, Stack, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";

export interface ContactForm {
  first_name: string;
  last_name: string;
  phone: string;
  email: string;
  company: string;
  city: string;
  external_id: string;
  sms: boolean;
  wantsEmail: boolean;
}

const TEXTS = ["first_name", "last_name", "phone", "email", "company", "city", "external_id"] as const;
const KEYS = {
  first_name: "contacts.firstName", last_name: "contacts.lastName", phone: "contacts.phone", email: "contacts.email",
  company: "contacts.company", city: "contacts.city", external_id: "contacts.externalId",
} as const;

export function formOf(contact?: Schemas["Contact"]): ContactForm {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, contact?.[name] ?? ""])) as Record<(typeof TEXTS)[number], string>;
  return { ...texts, sms: contact?.consents.sms?.granted ?? false, wantsEmail: contact?.consents.email?.granted ?? false };
}

/** The form as the API takes it; of consents only those that have changed, for each change is kept as one. */
export function bodyOfForm(form: ContactForm, before: ContactForm) {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, form[name].trim() || null]));
  const consents = {
    ...(form.sms !== before.sms && { sms: { granted: form.sms } }),
    ...(form.wantsEmail !== before.wantsEmail && { email: { granted: form.wantsEmail } }),
  };
  return { ...texts, ...(Object.keys(consents).length > 0 && { consents }) };
}

export function ContactFields({ form }: { form: UseFormReturnType<ContactForm> }) {
  const { t } = useTranslation();
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {TEXTS.map((name) => (
          <TextInput key={name} label={t(KEYS[name])} {...form.getInputProps(name)} />
        ))}
      </SimpleGrid>
      <Group>
        <Checkbox label={t("contacts.consentSms")} {...form.getInputProps("sms", { type: "checkbox" })} />
        <Checkbox label={t("contacts.consentEmail")} {...form.getInputProps("wantsEmail", { type: "checkbox" })} />
      </Group>
    </Stack>
  );
}
