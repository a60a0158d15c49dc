import { Anchor, Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { useAllowed } from "@/areas/session/me";
import { type Column, DataTable } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { EditedOrNew, fresh } from "@/kit/Edited";
import { LinkButton } from "@/kit/LinkButton";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, Empty, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";
import { useEditing } from "@/kit/useEditing";

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
      actions={
        mayWrite && (
          <>
            <LinkButton to="/app/groups/combine" variant="default">
              {t("groups.combine")}
            </LinkButton>
            <Button onClick={() => setEdited("new")}>{t("groups.new")}</Button>
          </>
        )
      }
    >
      {edited && <EditGroup group={edited === "new" ? null : edited} close={() => setEdited(null)} />}
      <TextInput label={t("groups.search")} defaultValue={search.q} onChange={(event) => changeSoon({ q: event.currentTarget.value })} maw={360} />
      <Answered of={groups}>
        {({ items, next_cursor, total, total_is_estimate }) => (
          <>
            {items.length === 0 ? (
              <Empty title={t(search.q ? "groups.noneFits" : "groups.none")}>{!search.q && t("groups.noneHint")}</Empty>
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
  const { number, day } = useFormats();
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
    { name: "description", header: t("groups.description"), cell: (group) => group.description, isOptional: true },
    { name: "contacts", header: t("groups.contacts"), cell: (group) => number(group.contacts), isNumber: true },
    { name: "created", header: t("groups.created"), cell: (group) => day(group.created_at) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (group) =>
        edit && (
          <Group gap="xs" wrap="nowrap">
            <Button size="xs" variant="default" onClick={() => edit(group)} aria-label={t("act.editNamed", { name: group.name })}>
              {t("act.edit")}
            </Button>
            <DeleteButton
              size="xs"
              of={group}
              look={() => bodyOf(api.GET("/v1/groups/{group_id}", { params: { path: { group_id: group.id } } }))}
              question={({ name }) => t("groups.deleteAsk", { name })}
              remove={(header) => api.DELETE("/v1/groups/{group_id}", { params: { path: { group_id: group.id }, header } })}
            />
          </Group>
        ),
    },
  ];
  return <DataTable label={t("groups.title")} columns={columns} rows={items} keyOf={(group) => group.id} />;
}

function EditGroup({ group, close }: { group: GroupRow | null; close: () => void }) {
  const { t } = useTranslation();
  const opened = queries.useQuery("get", "/v1/groups/{group_id}", { params: { path: { group_id: group?.id ?? "" } } }, fresh(group));
  return (
    <Modal opened onClose={close} title={t(group ? "groups.edit" : "groups.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <EditedOrNew isNew={!group} of={opened}>
        {(found) => <Form group={found} close={close} />}
      </EditedOrNew>
    </Modal>
  );
}

function Form({ group, close }: { group: GroupRow | null; close: () => void }) {
  const { t, i18n } = useTranslation();
  const shown = group?.public?.[i18n.language];
  const before = { name: group?.name ?? "", description: group?.description ?? "", publicName: shown?.name ?? "", publicText: shown?.description ?? "" };
  const texts = `public.${i18n.language}.`;
  const { form, save, submit } = useEditing({
    initialValues: before,
    send: ({ publicName, publicText, ...own }, header) => {
      const told = { public: publicOf(group, i18n.language, publicName, publicText) };
      if (!group) return bodyOf(api.POST("/v1/groups", { body: { ...own, ...told } }));
      // Only what was changed here: what is saved over somebody else's change leaves the rest of it.
      const changed = Object.fromEntries(Object.entries(own).filter(([name, value]) => value !== before[name as keyof typeof own]));
      const isPublic = publicName !== before.publicName || publicText !== before.publicText;
      return bodyOf(api.PATCH("/v1/groups/{group_id}", { params: { path: { group_id: group.id }, header }, body: { ...changed, ...(isPublic && told) } }));
    },
    onSaved: close,
    names: { [`${texts}name`]: "publicName", [`${texts}description`]: "publicText" },
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <TextInput label={t("groups.name")} required autoFocus data-autofocus {...form.getInputProps("name")} />
        <TextInput label={t("groups.description")} {...form.getInputProps("description")} />
        <TextInput label={t("groups.publicName")} description={t("groups.publicNameHint")} {...form.getInputProps("publicName")} />
        {form.values.publicName && <TextInput label={t("groups.publicText")} {...form.getInputProps("publicText")} />}
        <Button type="submit" loading={save.isPending}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}

/** What people read of the group who may leave it by themselves; of other languages what there was. Without a name it is on no page. */
function publicOf(group: GroupRow | null, language: string, name: string, description: string): GroupRow["public"] {
  const { [language]: _before, ...others } = group?.public ?? {};
  const texts = name ? { ...others, [language]: { name, description } } : others;
  return Object.keys(texts).length > 0 ? texts : null;
}
