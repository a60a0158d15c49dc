import { Anchor, Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { useAllowed } from "@/areas/session/me";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { type Column, DataTable } from "@/kit/DataTable";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, Empty, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

type GroupRow = Schemas["Group"];

export function GroupList() {
  const { t } = useTranslation();
  const { search, changeSoon } = useListSearch();
  const [edited, setEdited] = useState<GroupRow | "new" | null>(null);
  const mayWrite = useAllowed("contacts.write");
  const groups = queries.useQuery("get", "/v1/groups", { params: { query: { limit: 50, q: search.q, cursor: search.cursor } } });
  return (
    <Page
      title={t("groups.title")}
      lead={t("groups.lead")}
      actions={mayWrite && <Button onClick={() => setEdited("new")}>{t("groups.new")}</Button>}
    >
      {edited && <EditGroup group={edited === "new" ? null : edited} close={() => setEdited(null)} />}
      <TextInput label={t("groups.search")} defaultValue={search.q} onChange={(event) => changeSoon({ q: event.currentTarget.value })} maw={360} />
      <Answered of={groups}>
        {({ items, next_cursor, total, total_is_estimate }) => (
          <>
            {items.length === 0 ? (
              <Empty title={t("groups.none")}>{t("groups.noneHint")}</Empty>
            ) : (
              <Rows items={items} edit={mayWrite ? setEdited : null} />
            )}
            <Pager cursor={search.cursor} next={next_cursor} total={total} isEstimate={total_is_estimate} />
          </>
        )}
      </Answered>
    </Page>
  );
}

function Rows({ items, edit }: { items: GroupRow[]; edit: ((group: GroupRow) => void) | null }) {
  const { t } = useTranslation();
  const known = useQueryClient();
  const { number, day } = useFormats();
  const remove = async (group: GroupRow) => {
    await api.DELETE("/v1/groups/{group_id}", { params: { path: { group_id: group.id } } });
    await known.invalidateQueries();
  };
  const columns: Column<GroupRow>[] = [
    {
      name: "name",
      header: t("groups.name"),
      cell: (group) => (
        <Anchor component={Link} to="/app/contacts" search={{ group: group.id } as never}>
          {group.name}
        </Anchor>
      ),
    },
    { name: "description", header: t("groups.description"), cell: (group) => group.description },
    { name: "contacts", header: t("groups.contacts"), cell: (group) => number(group.contacts), isNumber: true },
    { name: "created", header: t("groups.created"), cell: (group) => day(group.created_at) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (group) =>
        edit && (
          <Group gap="xs" wrap="nowrap">
            <Button size="xs" variant="default" onClick={() => edit(group)} aria-label={t("groups.editNamed", { name: group.name })}>
              {t("act.edit")}
            </Button>
            <ConfirmButton size="xs" label={t("act.delete")} question={t("groups.deleteAsk", { name: group.name })} act={() => remove(group)} />
          </Group>
        ),
    },
  ];
  return <DataTable label={t("groups.title")} columns={columns} rows={items} keyOf={(group) => group.id} />;
}

function EditGroup({ group, close }: { group: GroupRow | null; close: () => void }) {
  const { t, i18n } = useTranslation();
  const known = useQueryClient();
  const [problem, setProblem] = useState<unknown>(null);
  const shown = group?.public?.[i18n.language];
  const form = useForm({
    initialValues: { name: group?.name ?? "", description: group?.description ?? "", publicName: shown?.name ?? "", publicText: shown?.description ?? "" },
  });
  const submit = form.onSubmit(async ({ publicName, publicText, ...own }) => {
    const texts = { public: publicOf(group, i18n.language, publicName, publicText) };
    // Only what was changed here: somebody else may have written the rest meanwhile.
    const changed = Object.fromEntries(Object.entries(own).filter(([name]) => form.isDirty(name)));
    const isPublic = form.isDirty("publicName") || form.isDirty("publicText");
    try {
      if (group) await api.PATCH("/v1/groups/{group_id}", { params: { path: { group_id: group.id } }, body: { ...changed, ...(isPublic && texts) } });
      else await api.POST("/v1/groups", { body: { ...own, ...texts } });
      await known.invalidateQueries();
      close();
    } catch (error) {
      setProblem(error);
      const of = `public.${i18n.language}.`;
      form.setErrors(fieldErrors(error, { [`${of}name`]: "publicName", [`${of}description`]: "publicText" }));
    }
  });
  return (
    <Modal opened onClose={close} title={t(group ? "groups.edit" : "groups.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form onSubmit={submit}>
        <Stack>
          <ProblemAlert error={problem} />
          <TextInput label={t("groups.name")} required data-autofocus {...form.getInputProps("name")} />
          <TextInput label={t("groups.description")} {...form.getInputProps("description")} />
          <TextInput label={t("groups.publicName")} description={t("groups.publicNameHint")} {...form.getInputProps("publicName")} />
          {form.values.publicName && <TextInput label={t("groups.publicText")} {...form.getInputProps("publicText")} />}
          <Button type="submit">{t("act.save")}</Button>
        </Stack>
      </form>
    </Modal>
  );
}

/** What people read of the group who may leave it by themselves; of other languages what there was. Without a name it is on no page. */
function publicOf(group: GroupRow | null, language: string, name: string, description: string): GroupRow["public"] {
  const { [language]: _before, ...others } = group?.public ?? {};
  const texts = name ? { ...others, [language]: { name, description } } : others;
  return Object.keys(texts).length > 0 ? texts : null;
}
