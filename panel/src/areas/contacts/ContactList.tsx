import { Anchor, Button } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { nameOf } from "@/areas/contacts/names";
import { useAllowed } from "@/areas/session/me";
import type { Column } from "@/kit/DataTable";
import { LinkButton } from "@/kit/LinkButton";
import { type Filter, Filters, ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

// Fetched when it is first wanted: most come to look.
const NewContact = lazy(() => import("@/areas/contacts/NewContact"));
const ON_A_PAGE = 50;
const ORDERS = ["created", "-created", "name"] as const;

export function ContactList() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  /** Null until somebody first wants to. */
  const [isAdding, setAdding] = useState<boolean | null>(null);
  const mayWrite = useAllowed("contacts.write");
  const mayImport = useAllowed("contacts.import");
  const query = {
    limit: ON_A_PAGE,
    q: search.q,
    group_id: search.group,
    sort: search.sort as Order,
    archived: search.archived === undefined ? undefined : search.archived === "yes",
    cursor: search.cursor,
  };
  const contacts = queries.useQuery("get", "/v1/contacts", { params: { query } }, { placeholderData: keepPreviousData });
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
      <Suspense>{isAdding !== null && <NewContact opened={isAdding} close={() => setAdding(false)} />}</Suspense>
      <Filters words={t("contacts.search")} hint={t("contacts.searchHint")} choices={useChoices()} />
      <ListOf
        label={t("contacts.title")}
        of={contacts}
        columns={useContactColumns()}
        keyOf={(contact) => contact.id}
        filters={["q", "group", "archived"]}
        noneFits={t("contacts.noneFits")}
        empty={
          <Empty title={t("contacts.none")} action={mayImport && <LinkButton to="/app/imports/new">{t("imports.new")}</LinkButton>}>
            {t("contacts.noneHint")}
          </Empty>
        }
      />
    </Page>
  );
}

function useChoices(): Filter[] {
  const { t } = useTranslation();
  const groups = queries.useQuery("get", "/v1/groups", { params: { query: { limit: 1000 } } });
  return [
    { name: "group", label: t("contacts.group"), options: groups.data?.items.map((group) => ({ value: group.id, label: group.name })) ?? [], isLong: true },
    {
      name: "archived",
      label: t("contacts.archived"),
      options: [
        { value: "yes", label: t("contacts.inArchive") },
        { value: "no", label: t("contacts.notInArchive") },
      ],
    },
    useOrders(),
  ];
}

/** In which order a list of contacts may be. */
export function useOrders(): Filter {
  const { t } = useTranslation();
  return { name: "sort", label: t("contacts.sort"), options: ORDERS.map((order) => ({ value: order, label: t(`contacts.sorts.${order}`) })), otherwise: "created" };
}

export type Order = (typeof ORDERS)[number] | undefined;

export function useContactColumns(): Column<Schemas["Contact"]>[] {
  const { t } = useTranslation();
  const { day } = useFormats();
  return [
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
}
