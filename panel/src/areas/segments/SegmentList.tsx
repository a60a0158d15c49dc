import { Anchor } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { useAllowed } from "@/areas/session/me";
import type { Column } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { LinkButton } from "@/kit/LinkButton";
import { Filters, ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Segment = Schemas["Segment"];

/** Saved rules: whoever fits them when they are used. */
export function SegmentList() {
  const { t } = useTranslation();
  const { day } = useFormats();
  const { search } = useListSearch();
  const mayWrite = useAllowed("contacts.write");
  const query = { limit: 50, q: search.q, cursor: search.cursor };
  const segments = queries.useQuery("get", "/v1/segments", { params: { query } }, { placeholderData: keepPreviousData });
  const columns: Column<Segment>[] = [
    {
      name: "name",
      header: t("segments.name"),
      cell: (one) => (
        <Anchor component={Link} to={`/app/segments/${one.id}`}>
          {one.name}
        </Anchor>
      ),
    },
    { name: "description", header: t("groups.description"), cell: (one) => one.description, isOptional: true },
    { name: "changed", header: t("templates.changed"), cell: (one) => day(one.updated_at) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) =>
        mayWrite && (
          <DeleteButton
            size="xs"
            of={one}
            look={() => bodyOf(api.GET("/v1/segments/{segment_id}", { params: { path: { segment_id: one.id } } }))}
            question={({ name }) => t("segments.deleteAsk", { name })}
            remove={(header) => api.DELETE("/v1/segments/{segment_id}", { params: { path: { segment_id: one.id }, header } })}
          />
        ),
    },
  ];
  const add = mayWrite && <LinkButton to="/app/segments/new">{t("segments.new")}</LinkButton>;
  return (
    <Page title={t("segments.title")} lead={t("segments.lead")} actions={add}>
      <Filters words={t("segments.search")} />
      <ListOf
        label={t("segments.title")}
        of={segments}
        columns={columns}
        keyOf={(one) => one.id}
        noneFits={t("segments.noneFits")}
        empty={
          <Empty title={t("segments.none")} action={add}>
            {t("segments.noneHint")}
          </Empty>
        }
      />
    </Page>
  );
}
