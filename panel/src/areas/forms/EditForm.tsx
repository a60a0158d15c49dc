import { Button, Checkbox, Modal, MultiSelect, SimpleGrid, Stack, Textarea, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries } from "@/api/client";
import { FIELDS } from "@/areas/contacts/names";
import { fieldNames, languagesOf, settingsOf, type SignUpForm, type Values, valuesOf } from "@/areas/forms/signUpForm";
import { changesOf } from "@/kit/changes";
import { useChannelName } from "@/kit/channel";
import { EditedOrNew, fresh } from "@/kit/Edited";
import { languageName } from "@/kit/formats";
import { ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

/** Of what every contact has, what people can be asked for besides the e-mail. */
const ASKABLE = ["phone", "first_name", "last_name", "company", "city", "birth_date"] as const;
/** On which one can agree to get messages by a form. */
const AGREED = ["email", "sms", "whatsapp", "rcs"];

/** A new sign-up form, or a known one, of which only what was changed is sent. */
export function EditForm({ form, close }: { form: SignUpForm | null; close: () => void }) {
  const { t } = useTranslation();
  const opened = queries.useQuery("get", "/v1/forms/{form_id}", { params: { path: { form_id: form?.id ?? "" } } }, fresh(form));
  return (
    <Modal opened onClose={close} size="lg" title={t(form ? "forms.edit" : "forms.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <EditedOrNew isNew={!form} of={opened}>
        {(found) => <Form of={found} close={close} />}
      </EditedOrNew>
    </Modal>
  );
}

function Form({ of: before, close }: { of: SignUpForm | null; close: () => void }) {
  const { t, i18n } = useTranslation();
  const main = before?.language ?? i18n.language;
  const languages = languagesOf(before, main);
  const askable = useAskable();
  const labelOf = (key: string) => (key === "email" ? t(FIELDS.email) : (askable.find(({ value }) => value === key)?.label ?? key));
  const { form, save, submit } = useEditing({
    initialValues: valuesOf(before, main),
    send: (values, header) => {
      const settings = settingsOf(before, values, main, labelOf);
      if (!before) return bodyOf(api.POST("/v1/forms", { body: settings }));
      const body = changesOf(before, { ...settings, archived: values.archived });
      return bodyOf(api.PATCH("/v1/forms/{form_id}", { params: { path: { form_id: before.id }, header }, body }));
    },
    onSaved: close,
    names: fieldNames(languages, main),
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <TextInput label={t("forms.name")} description={t("forms.nameHint")} required maxLength={200} data-autofocus {...form.getInputProps("name")} />
        <TextInput label={t("forms.titleOf")} description={t("forms.titleHint")} maxLength={100} {...form.getInputProps("title")} />
        <Consent form={form} languages={languages} main={main} isKnown={before !== null} />
        <Asked form={form} askable={askable} />
        <Delivery form={form} />
        {before && <Checkbox label={t("forms.archived")} description={t("forms.archivedHint")} {...form.getInputProps("archived", { type: "checkbox" })} />}
        <Button type="submit" loading={save.isPending}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}

type Part = { form: UseFormReturnType<Values> };

/** The words that people agree to, in the form's language and in others, and what they agree to get. */
function Consent({ form, languages, main, isKnown }: Part & { languages: string[]; main: string; isKnown: boolean }) {
  const { t, i18n } = useTranslation();
  const channelName = useChannelName();
  return (
    <>
      {languages.map((language) => (
        <Textarea
          key={language} label={t("forms.consentIn", { language: languageName(language, i18n.language) })} required={language === main} maxLength={4000}
          description={language === main && t(isKnown ? "forms.consentChanged" : "forms.consentHint")} autosize minRows={2} {...form.getInputProps(`consent.${language}`)}
        />
      ))}
      <MultiSelect label={t("forms.channels")} data={AGREED.map((value) => ({ value, label: channelName(value) }))} required {...form.getInputProps("channels")} />
    </>
  );
}

/** What people are asked for besides the e-mail, and what of it they have to answer. */
function Asked({ form, askable }: Part & { askable: { value: string; label: string }[] }) {
  const { t } = useTranslation();
  const asked = askable.filter(({ value }) => form.values.asked.includes(value));
  const ask = (keys: string[]) => form.setValues({ asked: keys, required: form.values.required.filter((key) => keys.includes(key)) });
  return (
    <>
      <MultiSelect label={t("forms.asked")} description={t("forms.askedHint")} data={askable} searchable {...form.getInputProps("asked")} onChange={ask} />
      {asked.length > 0 && <MultiSelect label={t("forms.required")} data={asked} {...form.getInputProps("required")} />}
    </>
  );
}

/** Where people who sign up come to: groups, the mail that asks to confirm, and pages. */
function Delivery({ form }: Part) {
  const { t } = useTranslation();
  const groups = queries.useQuery("get", "/v1/groups", { params: { query: { limit: 1000 } } });
  const choices = groups.data?.items.map((one) => ({ value: one.id, label: one.name })) ?? [];
  return (
    <>
      <ProblemAlert error={groups.error} />
      <MultiSelect label={t("forms.groups")} data={choices} searchable {...form.getInputProps("groups")} />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput label={t("wizard.fromEmail")} description={t("forms.senderHint")} type="email" {...form.getInputProps("sender")} />
        <TextInput label={t("wizard.fromName")} description={t("forms.senderNameHint")} maxLength={100} {...form.getInputProps("senderName")} />
      </SimpleGrid>
      <TextInput label={t("forms.submittedUrl")} description={t("forms.urlHint")} type="url" {...form.getInputProps("submitted_url")} />
      <TextInput label={t("forms.confirmedUrl")} description={t("forms.urlHint")} type="url" {...form.getInputProps("confirmed_url")} />
      <TextInput label={t("forms.origins")} description={t("forms.originsHint")} placeholder="https://shop.example" {...form.getInputProps("origins")} />
    </>
  );
}

/** What people can be asked for, with the account's own fields. */
function useAskable() {
  const { t } = useTranslation();
  const own = queries.useQuery("get", "/v1/contact-fields", { params: { query: { limit: 1000 } } });
  return [...ASKABLE.map((value) => ({ value: value as string, label: t(FIELDS[value]) })), ...(own.data?.items ?? []).map(({ key, label }) => ({ value: key, label }))];
}
