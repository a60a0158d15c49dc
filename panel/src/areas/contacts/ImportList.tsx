import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { type Column, DataTable } from "@/kit/DataTable";
import { LinkButton } from "@/kit/LinkButton";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

const LIVE_MS = 5_000;

export function ImportList() {
  const { t } = useTranslation();
  const { number, time } = useFormats();
  const { search } = useListSearch();
  const query = { limit: 50, cursor: search.cursor };
  const imports = queries.useQuery("get", "/v1/imports", { params: { query } }, { refetchInterval: LIVE_MS });
  const columns: Column<Schemas["Import"]>[] = [
    {
      name: "file",
      header: t("imports.file"),
      cell: (one) => (
        <Anchor component={Link} to={`/app/imports/${one.id}`}>
          {one.filename}
        </Anchor>
      ),
    },
    { name: "state", header: t("imports.state"), cell: (one) => <StateBadge state={one.state} /> },
    { name: "read", header: t("imports.read"), cell: (one) => number(one.counts.read), isNumber: true },
    { name: "added", header: t("imports.added"), cell: (one) => number(one.counts.added), isNumber: true },
    { name: "rejected", header: t("imports.rejected"), cell: (one) => number(one.counts.rejected), isNumber: true },
    { name: "at", header: t("imports.at"), cell: (one) => time(one.created_at) },
  ];
  return (
    <Page title={t("imports.title")} actions={<LinkButton to="/app/imports/new">{t("imports.new")}</LinkButton>}>
      <Answered of={imports}>
        {({ items, next_cursor, total, total_is_estimate }) => (
          <>
            {items.length === 0 ? (
              <Empty title={t("imports.none")}>{t("imports.noneHint")}</Empty>
            ) : (
              <DataTable label={t("imports.title")} columns={columns} rows={items} keyOf={(one) => one.id} />
            )}
            <Pager cursor={search.cursor} next={next_cursor} total={total} isEstimate={total_is_estimate} />
          </>
        )}
      </Answered>
    </Page>
  );
}
