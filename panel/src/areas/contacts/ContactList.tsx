import { Anchor, Button, Group, Select, TextInput } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { nameOf } from "@/areas/contacts/names";
import { NewContact } from "@/areas/contacts/NewContact";
import { useAllowed } from "@/areas/session/me";
import { type Column, DataTable } from "@/kit/DataTable";
import { LinkButton } from "@/kit/LinkButton";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

const ON_A_PAGE = 50;

export function ContactList() {
  const { t } = useTranslation();
  const { search, change, changeSoon } = useListSearch();
  const [isAdding, setAdding] = useState(false);
  const mayWrite = useAllowed("contacts.write");
  const mayImport = useAllowed("contacts.import");
  const query = { limit: ON_A_PAGE, q: search.q, group_id: search.group, cursor: search.cursor };
  const contacts = queries.useQuery("get", "/v1/contacts", { params: { query } }, { placeholderData: keepPreviousData });
  const groups = queries.useQuery("get", "/v1/groups", { params: { query: { limit: 1000 } } });
  const isFiltered = Boolean(search.q || search.group);
  return (
    <Page
      title={t("contacts.title")}
      actions={
        <>
          {mayWrite && (
            <Button variant="default" onClick={() => setAdding(true)}>
              {t("contacts.add")}
            </Button>
          )}
          {mayImport && <LinkButton to="/app/imports/new">{t("imports.new")}</LinkButton>}
        </>
      }
    >
      <NewContact opened={isAdding} close={() => setAdding(false)} />
      <Group align="flex-end" role="search">
        <TextInput
          label={t("contacts.search")}
          placeholder={t("contacts.searchHint")}
          defaultValue={search.q}
          onChange={(event) => changeSoon({ q: event.currentTarget.value })}
          flex="1 1 260px"
        />
        <Select
          label={t("contacts.group")}
          placeholder={t("contacts.allGroups")}
          data={groups.data?.items.map((group) => ({ value: group.id, label: group.name })) ?? []}
          value={search.group ?? null}
          onChange={(group) => change({ group: group ?? undefined })}
          clearable
          clearButtonProps={{ "aria-label": t("act.clear") }}
          searchable
          flex="1 1 200px"
        />
      </Group>
      <Answered of={contacts}>
        {({ items, next_cursor, total, total_is_estimate }) => (
          <>
            {items.length === 0 ? <Nobody isFiltered={isFiltered} /> : <Rows items={items} />}
            <Pager cursor={search.cursor} next={next_cursor} total={total} isEstimate={total_is_estimate} />
          </>
        )}
      </Answered>
    </Page>
  );
}

function Nobody({ isFiltered }: { isFiltered: boolean }) {
  const { t } = useTranslation();
  if (isFiltered) return <Empty title={t("contacts.noneFits")}>{t("contacts.noneFitsHint")}</Empty>;
  return (
    <Empty title={t("contacts.none")} action={<LinkButton to="/app/imports/new">{t("imports.new")}</LinkButton>}>
      {t("contacts.noneHint")}
    </Empty>
  );
}

function Rows({ items }: { items: Schemas["Contact"][] }) {
  const { t } = useTranslation();
  const { day } = useFormats();
  const columns: Column<Schemas["Contact"]>[] = [
    {
      name: "name",
      header: t("contacts.name"),
      cell: (contact) => (
        <Anchor component={Link} to={`/app/contacts/${contact.id}`}>
          {nameOf(contact)}
        </Anchor>
      ),
    },
    { name: "phone", header: t("contacts.phone"), cell: (contact) => contact.phone },
    { name: "email", header: t("contacts.email"), cell: (contact) => contact.email },
    { name: "city", header: t("contacts.city"), cell: (contact) => contact.city },
    { name: "created", header: t("contacts.since"), cell: (contact) => day(contact.created_at) },
  ];
  return <DataTable label={t("contacts.title")} columns={columns} rows={items} keyOf={(contact) => contact.id} />;
}
