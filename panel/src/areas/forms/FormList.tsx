import { Anchor, Button, Code, Group, Modal, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { codeOf } from "@/areas/forms/code";
import { EditForm } from "@/areas/forms/EditForm";
import { useAllowed } from "@/areas/session/me";
import { Copy } from "@/kit/Copy";
import type { Column } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { Filters, ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Form = Schemas["Form"];
const STATES = ["open", "archived"] as const;

/** Forms by which people sign up themselves, on a page of ours or of the account's own. */
export function FormList() {
  const { t } = useTranslation();
  const { day } = useFormats();
  const { search } = useListSearch();
  const mayWrite = useAllowed("contacts.write");
  const [edited, setEdited] = useState<Form | "new" | null>(null);
  const [shown, setShown] = useState<Form | null>(null);
  const forms = queries.useQuery("get", "/v1/forms", { params: { query: { limit: 50, cursor: search.cursor, archived: search.state === "archived" } } });
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
          {mayWrite && <Changes of={one} edit={() => setEdited(one)} />}
        </Group>
      ),
    },
  ];
  const add = mayWrite && <Button onClick={() => setEdited("new")}>{t("forms.new")}</Button>;
  return (
    <Page title={t("forms.title")} lead={t("forms.lead")} actions={add}>
      {edited && <EditForm form={edited === "new" ? null : edited} close={() => setEdited(null)} />}
      {shown && <FormCode form={shown} close={() => setShown(null)} />}
      <Filters choices={[{ name: "state", label: t("campaigns.state"), options: STATES.map((value) => ({ value, label: t(`forms.states.${value}`) })), otherwise: "open" }]} />
      <ListOf label={t("forms.title")} of={forms} columns={columns} keyOf={(one) => one.id} filters={["state"]} noneFits={t("forms.noneFits")} empty={<Empty title={t("forms.none")}>{t("forms.noneHint")}</Empty>} />
    </Page>
  );
}

function Changes({ of: form, edit }: { of: Form; edit: () => void }) {
  const { t } = useTranslation();
  const path = { form_id: form.id };
  return (
    <>
      <Button size="xs" variant="default" onClick={edit} aria-label={t("act.editNamed", { name: form.name })}>
        {t("act.edit")}
      </Button>
      <DeleteButton
        size="xs"
        of={form}
        look={() => bodyOf(api.GET("/v1/forms/{form_id}", { params: { path } }))}
        question={({ name }) => t("forms.deleteAsk", { name })}
        remove={(header) => api.DELETE("/v1/forms/{form_id}", { params: { path, header } })}
      />
    </>
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
