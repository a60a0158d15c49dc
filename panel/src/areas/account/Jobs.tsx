import { Anchor, Stack, Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { AccountFrame } from "@/areas/account/AccountFrame";
import type { Column } from "@/kit/DataTable";
import { Filters, ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Job = Schemas["Job"];

const LIVE_MS = 5_000;
const KINDS = ["import", "export", "bulk", "combination", "person_export", "erasure"] as const;
/** Kinds that have a page for each. */
const PAGES: Record<string, string> = { import: "/app/imports", combination: "/app/groups/combine" };

/** All long work with the account's contacts: what was left in a closed tab is found again here. */
export function Jobs() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const kind = KINDS.find((one) => one === search.kind);
  const query = { limit: 50, kind, open: search.open === undefined ? undefined : search.open === "yes", cursor: search.cursor };
  const jobs = queries.useQuery("get", "/v1/jobs", { params: { query } }, { refetchInterval: LIVE_MS, placeholderData: keepPreviousData });
  return (
    <AccountFrame tab="jobs">
      <Stack>
        <Text>{t("jobs.lead")}</Text>
        <Filters
          choices={[
            { name: "kind", label: t("jobs.kind"), options: KINDS.map((value) => ({ value, label: t(`jobs.kinds.${value}`) })) },
            { name: "open", label: t("campaigns.state"), options: [{ value: "yes", label: t("jobs.open") }, { value: "no", label: t("jobs.ended") }] },
          ]}
        />
        <ListOf label={t("account.tabs.jobs")} of={jobs} columns={useColumns()} keyOf={(one) => one.id} filters={["kind", "open"]} noneFits={t("jobs.noneFits")} empty={<Empty title={t("jobs.none")}>{t("jobs.noneHint")}</Empty>} />
      </Stack>
    </AccountFrame>
  );
}

function useColumns(): Column<Job>[] {
  const { t } = useTranslation();
  const { number, time } = useFormats();
  const done = ({ done, total }: Job) => (total === null ? number(done) : t("jobs.doneOf", { done: number(done), total: number(total) }));
  return [
    { name: "kind", header: t("jobs.kind"), cell: (one) => <Kind job={one} /> },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    { name: "done", header: t("jobs.done"), isNumber: true, cell: done },
    { name: "begun", header: t("imports.at"), cell: (one) => time(one.created_at) },
    { name: "finished", header: t("jobs.finished"), cell: (one) => time(one.finished_at) },
    { name: "error", header: t("jobs.error"), cell: ({ error }) => error && <Text size="sm">{error.detail}</Text>, isOptional: true },
  ];
}

function Kind({ job: { id, kind } }: { job: Job }) {
  const { t } = useTranslation();
  const words = t(`jobs.kinds.${kind}`, { defaultValue: kind });
  const page = PAGES[kind];
  if (!page) return words;
  return (
    <Anchor component={Link} to={`${page}/${id}`}>
      {words}
    </Anchor>
  );
}
