import { Button, Checkbox, Code, Group, Modal, MultiSelect, Stack, Text, Textarea, TextInput, Anchor } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { codeOf } from "@/areas/forms/code";
import { useAllowed } from "@/areas/session/me";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { Copy } from "@/kit/Copy";
import type { Column } from "@/kit/DataTable";
import { ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Empty, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Form = Schemas["Form"];

/** Forms by which people sign up themselves, on a page of ours or of the account's own. */
export function FormList() {
  const { t } = useTranslation();
  const { day } = useFormats();
  const known = useQueryClient();
  const { search } = useListSearch();
  const mayWrite = useAllowed("contacts.write");
  const [isAdding, setAdding] = useState(false);
  const [shown, setShown] = useState<Form | null>(null);
  const forms = queries.useQuery("get", "/v1/forms", { params: { query: { limit: 50, cursor: search.cursor } } });
  const remove = async (form: Form) => {
    await api.DELETE("/v1/forms/{form_id}", { params: { path: { form_id: form.id } } });
    await known.invalidateQueries();
  };
  const columns: Column<Form>[] = [
    { name: "name", header: t("forms.name"), cell: (one) => <SignUps of={one} /> },
    {
      name: "page",
      header: t("forms.page"),
      cell: (one) => (
        <Anchor href={`/f/${one.id}`} target="_blank" rel="noreferrer noopener" aria-label={t("forms.openNamed", { name: one.name })}>
          {t("forms.open")}
        </Anchor>
      ),
    },
    { name: "created", header: t("groups.created"), cell: (one) => day(one.created_at) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) => (
        <Group gap="xs" wrap="nowrap">
          <Button size="xs" variant="default" onClick={() => setShown(one)} aria-label={t("forms.codeNamed", { name: one.name })}>
            {t("forms.code")}
          </Button>
          {mayWrite && <ConfirmButton size="xs" label={t("act.delete")} question={t("forms.deleteAsk", { name: one.name })} act={() => remove(one)} />}
        </Group>
      ),
    },
  ];
  const add = mayWrite && <Button onClick={() => setAdding(true)}>{t("forms.new")}</Button>;
  return (
    <Page title={t("forms.title")} lead={t("forms.lead")} actions={add}>
      {isAdding && <NewForm close={() => setAdding(false)} />}
      {shown && <FormCode form={shown} close={() => setShown(null)} />}
      <ListOf label={t("forms.title")} of={forms} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("forms.none")}>{t("forms.noneHint")}</Empty>} />
    </Page>
  );
}

function SignUps({ of }: { of: Form }) {
  const { t } = useTranslation();
  return (
    <Anchor component={Link} to={`/app/forms/${of.id}`} aria-label={t("forms.signUps", { name: of.name })}>
      {of.name}
    </Anchor>
  );
}

function FormCode({ form, close }: { form: Form; close: () => void }) {
  const { t } = useTranslation();
  const code = codeOf(form, location.origin, t("forms.signUp"));
  return (
    <Modal opened onClose={close} size="lg" title={t("forms.codeNamed", { name: form.name })} closeButtonProps={{ "aria-label": t("act.close") }}>
      <Stack>
        <Text>{t("forms.codeHint")}</Text>
        <Copy text={code} />
        <Code block tabIndex={0} style={{ overflowX: "auto" }}>
          {code}
        </Code>
      </Stack>
    </Modal>
  );
}

function NewForm({ close }: { close: () => void }) {
  const { t, i18n } = useTranslation();
  const known = useQueryClient();
  const groups = queries.useQuery("get", "/v1/groups", { params: { query: { limit: 1000 } } });
  const form = useForm({ initialValues: { name: "", consent: "", firstName: true, groups: [] as string[], sender: "", origins: "" } });
  const asked = (key: string, required: boolean, label: string) => ({ key, required, labels: { [i18n.language]: label } });
  const make = useMutation({
    mutationFn: ({ name, consent, firstName, groups: group_ids, sender, origins }: typeof form.values) =>
      bodyOf(
        api.POST("/v1/forms", {
          body: {
            name,
            title: name,
            language: i18n.language,
            consent_texts: { [i18n.language]: consent },
            fields: [asked("email", true, t("contacts.email")), ...(firstName ? [asked("first_name", false, t("contacts.firstName"))] : [])],
            group_ids,
            channels: ["email"],
            ...(sender && { sender: { email: sender, name: "" } }),
            origins: origins.split(/\s+/).filter(Boolean),
          },
        }),
      ),
    onSuccess: async () => {
      await known.invalidateQueries();
      close();
    },
    onError: (error) => form.setErrors(fieldErrors(error, { consent_texts: "consent", group_ids: "groups" })),
  });
  const choices = groups.data?.items.map((one) => ({ value: one.id, label: one.name })) ?? [];
  return (
    <Modal opened onClose={close} size="lg" title={t("forms.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form onSubmit={form.onSubmit((values) => make.mutate(values))}>
        <Stack>
          <ProblemAlert error={make.error} />
          <TextInput label={t("forms.name")} description={t("forms.nameHint")} required data-autofocus {...form.getInputProps("name")} />
          <Textarea label={t("forms.consent")} description={t("forms.consentHint")} required autosize minRows={3} {...form.getInputProps("consent")} />
          <Checkbox label={t("forms.firstName")} {...form.getInputProps("firstName", { type: "checkbox" })} />
          <MultiSelect label={t("forms.groups")} data={choices} searchable {...form.getInputProps("groups")} />
          <TextInput label={t("wizard.fromEmail")} description={t("forms.senderHint")} type="email" {...form.getInputProps("sender")} />
          <TextInput label={t("forms.origins")} description={t("forms.originsHint")} placeholder="https://shop.example" {...form.getInputProps("origins")} />
          <Button type="submit" loading={make.isPending}>
            {t("act.save")}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
