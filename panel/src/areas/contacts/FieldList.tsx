import { Button, Code, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { NewField } from "@/areas/contacts/NewField";
import { useAllowed } from "@/areas/session/me";
import type { Column } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { Edited, fresh } from "@/kit/Edited";
import { ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Empty, ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

type FieldRow = Schemas["ContactField"];
type Kind = Schemas["FieldCreate"]["type"];

/** What an account knows of its contacts beside what every contact has. */
export function FieldList() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const [isAdding, setAdding] = useState(false);
  const mayWrite = useAllowed("contacts.write");
  const fields = queries.useQuery("get", "/v1/contact-fields", { params: { query: { limit: 50, cursor: search.cursor } } });
  const columns: Column<FieldRow>[] = [
    { name: "label", header: t("fields.label"), cell: (one) => one.label },
    { name: "key", header: t("fields.key"), cell: (one) => <Code>{`{{ ${one.key} }}`}</Code> },
    { name: "type", header: t("fields.type"), cell: (one) => t(`fields.types.${one.type as Kind}`) },
    { name: "acts", header: t("act.acts"), cell: (one) => mayWrite && <Acts field={one} /> },
  ];
  return (
    <Page title={t("fields.title")} lead={t("fields.lead")} actions={mayWrite && <Button onClick={() => setAdding(true)}>{t("fields.new")}</Button>}>
      {isAdding && <NewField close={() => setAdding(false)} />}
      <ListOf label={t("fields.title")} of={fields} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("fields.none")}>{t("fields.noneHint")}</Empty>} />
    </Page>
  );
}

function Acts({ field }: { field: FieldRow }) {
  const { t } = useTranslation();
  const [isRenaming, setRenaming] = useState(false);
  return (
    <Group gap="xs" wrap="nowrap">
      <Button size="xs" variant="default" onClick={() => setRenaming(true)} aria-label={t("fields.renameNamed", { name: field.label })}>
        {t("fields.rename")}
      </Button>
      {isRenaming && <Rename field={field} close={() => setRenaming(false)} />}
      <DeleteButton
        size="xs"
        of={field}
        look={() => bodyOf(api.GET("/v1/contact-fields/{field_id}", { params: { path: { field_id: field.id } } }))}
        question={({ label: name }) => t("fields.deleteAsk", { name })}
        remove={(header) => api.DELETE("/v1/contact-fields/{field_id}", { params: { path: { field_id: field.id }, header } })}
      />
    </Group>
  );
}

/** Only what people read is changed here: by its key a field stands in messages and segments. */
function Rename({ field, close }: { field: FieldRow; close: () => void }) {
  const { t } = useTranslation();
  const opened = queries.useQuery("get", "/v1/contact-fields/{field_id}", { params: { path: { field_id: field.id } } }, fresh(field));
  return (
    <Modal opened onClose={close} title={t("fields.renameNamed", { name: field.label })} closeButtonProps={{ "aria-label": t("act.close") }}>
      <Edited of={opened}>{(found) => <Form field={found} close={close} />}</Edited>
    </Modal>
  );
}

function Form({ field, close }: { field: FieldRow; close: () => void }) {
  const { t } = useTranslation();
  const { form, save, submit } = useEditing({
    initialValues: { label: field.label },
    send: (body, header) => bodyOf(api.PATCH("/v1/contact-fields/{field_id}", { params: { path: { field_id: field.id }, header }, body })),
    onSaved: close,
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <TextInput label={t("fields.label")} required autoFocus {...form.getInputProps("label")} />
        <Button type="submit" loading={save.isPending}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}
