import { Autocomplete, Button, Checkbox, Modal, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries } from "@/api/client";
import type { Keyword } from "@/areas/keywords/KeywordList";
import { useGroups } from "@/areas/keywords/useGroups";
import { useAllowed } from "@/areas/session/me";
import { changesOf } from "@/kit/changes";
import { EditedOrNew, fresh } from "@/kit/Edited";
import { ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

const MATCHES = ["beginning", "exact", "anywhere"] as const;
const NUMBER = /^\+?\d+$/;

/** A new keyword, or a known one, of which only what was changed is sent: somebody else may have written the rest meanwhile. */
export function EditKeyword({ keyword, close }: { keyword: Keyword | null; close: () => void }) {
  const { t } = useTranslation();
  const params = { path: { keyword_id: keyword?.id ?? "" } };
  const opened = queries.useQuery("get", "/v1/sms-keywords/{keyword_id}", { params }, fresh(keyword));
  return (
    <Modal opened onClose={close} size="lg" title={t(keyword ? "keywords.edit" : "keywords.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <EditedOrNew isNew={!keyword} of={opened}>
        {(found) => <Form keyword={found} close={close} />}
      </EditedOrNew>
    </Modal>
  );
}

function Form({ keyword, close }: { keyword: Keyword | null; close: () => void }) {
  const { t } = useTranslation();
  const { maySee, groups, error } = useGroups();
  const numbers = useNumbers();
  const { form, save, submit } = useEditing({
    initialValues: valuesOf(keyword),
    send: (values, header) => {
      const settings = settingsOf(values);
      if (!keyword) return bodyOf(api.POST("/v1/sms-keywords", { body: settings }));
      return bodyOf(api.PATCH("/v1/sms-keywords/{keyword_id}", { params: { path: { keyword_id: keyword.id }, header }, body: changesOf(keyword, settings) }));
    },
    onSaved: close,
  });
  const matches = MATCHES.map((value) => ({ value, label: t(`keywords.matches.${value}`) }));
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error ?? error} />
        <TextInput label={t("keywords.keyword")} description={t("keywords.keywordHint")} required maxLength={100} autoFocus data-autofocus {...form.getInputProps("keyword")} />
        <Select label={t("keywords.match")} data={matches} allowDeselect={false} {...form.getInputProps("match")} />
        <Autocomplete label={t("keywords.number")} description={t("keywords.numberHint")} data={numbers} {...form.getInputProps("number")} />
        <Textarea label={t("keywords.answer")} description={t("keywords.answerHint")} autosize minRows={3} maxLength={1000} {...form.getInputProps("answer")} />
        {maySee && (
          <Select
            label={t("contacts.group")} description={t("keywords.groupHint")} data={groups}
            searchable clearable clearButtonProps={{ "aria-label": t("act.clear") }} {...form.getInputProps("group_id")}
          />
        )}
        {form.values.group_id && <Checkbox label={t("keywords.grantsConsent")} {...form.getInputProps("grants_consent", { type: "checkbox" })} />}
        <Checkbox label={t("keywords.enabled")} {...form.getInputProps("enabled", { type: "checkbox" })} />
        <Button type="submit" loading={save.isPending}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}

function valuesOf(keyword: Keyword | null) {
  return {
    keyword: keyword?.keyword ?? "",
    match: keyword?.match ?? MATCHES[0],
    number: keyword?.number ?? "",
    answer: keyword?.answer ?? "",
    group_id: keyword?.group_id ?? null,
    grants_consent: keyword?.grants_consent ?? false,
    enabled: keyword?.enabled ?? true,
  };
}

/** As the API takes it: what is empty is not there, and nobody agrees to anything by a keyword without a group. */
function settingsOf({ number, answer, grants_consent, ...rest }: ReturnType<typeof valuesOf>) {
  return { ...rest, number: number.trim() || null, answer: answer.trim() ? answer : null, grants_consent: Boolean(rest.group_id) && grants_consent };
}

/** Senders of the account's that can be written to, as far as this person may see them. */
function useNumbers(): string[] {
  const maySee = useAllowed("sms.senders");
  const senders = queries.useQuery("get", "/v1/sender-ids", { params: { query: { limit: 1000, state: "active" } } }, { enabled: maySee });
  return senders.data?.items.map((one) => one.sender).filter((sender) => NUMBER.test(sender)) ?? [];
}
