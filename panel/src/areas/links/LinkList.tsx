import { Button, Group, Text, TextInput } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries } from "@/api/client";
import { EditLink, type NamedLink } from "@/areas/links/EditLink";
import { useMe } from "@/areas/session/me";
import { Copy } from "@/kit/Copy";
import { type Column, DataTable } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

/** Short links with a name of the account's choice, whose clicks are counted. */
export function LinkList() {
  const { t } = useTranslation();
  const { search, changeSoon } = useListSearch();
  const [edited, setEdited] = useState<NamedLink | "new" | null>(null);
  const mayWrite = useMe().allowed.some((right) => /\.campaigns\.write$/.test(right));
  const query = { limit: 50, cursor: search.cursor, q: search.q };
  const links = queries.useQuery("get", "/v1/links", { params: { query } }, { placeholderData: keepPreviousData });
  return (
    <Page title={t("links.title")} lead={t("links.lead")} actions={mayWrite && <Button onClick={() => setEdited("new")}>{t("links.new")}</Button>}>
      {edited && <EditLink link={edited === "new" ? null : edited} close={() => setEdited(null)} />}
      <Group role="search">
        <TextInput label={t("links.search")} defaultValue={search.q} onChange={(event) => changeSoon({ q: event.currentTarget.value })} flex="0 1 360px" />
      </Group>
      <Answered of={links}>
        {({ items, next_cursor, total, total_is_estimate }) => (
          <>
            {items.length === 0 ? (
              <Empty title={t(search.q ? "links.noneFits" : "links.none")}>{!search.q && t("links.noneHint")}</Empty>
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

function Rows({ items, edit }: { items: NamedLink[]; edit: ((link: NamedLink) => void) | null }) {
  const { t } = useTranslation();
  const { number, day } = useFormats();
  const columns: Column<NamedLink>[] = [
    {
      name: "url",
      header: t("links.url"),
      cell: (link) => (
        <Group gap="xs" wrap="nowrap">
          <Text size="sm">{link.url}</Text>
          <Copy text={link.url} />
        </Group>
      ),
    },
    { name: "name", header: t("links.name"), cell: (link) => link.name, isOptional: true },
    {
      name: "target",
      header: t("links.target"),
      cell: (link) => (
        <Text size="sm" lineClamp={2} maw={320} style={{ overflowWrap: "anywhere" }}>
          {link.target}
        </Text>
      ),
    },
    { name: "clicks", header: t("links.clicks"), cell: (link) => number(link.clicks), isNumber: true },
    { name: "created", header: t("links.created"), cell: (link) => day(link.created_at) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (link) =>
        edit && (
          <Group gap="xs" wrap="nowrap">
            <Button size="xs" variant="default" onClick={() => edit(link)} aria-label={t("act.editNamed", { name: link.suffix })}>
              {t("act.edit")}
            </Button>
            <DeleteButton
              size="xs"
              of={link}
              look={() => bodyOf(api.GET("/v1/links/{link_id}", { params: { path: { link_id: link.id } } }))}
              question={({ url }) => t("links.deleteAsk", { url })}
              remove={(header) => api.DELETE("/v1/links/{link_id}", { params: { path: { link_id: link.id }, header } })}
            />
          </Group>
        ),
    },
  ];
  return <DataTable label={t("links.title")} columns={columns} rows={items} keyOf={(link) => link.id} />;
}
