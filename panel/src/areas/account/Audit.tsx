import { Stack, Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { actInWords, detailInWords } from "@/areas/account/acts";
import { useAllowed } from "@/areas/session/me";
import type { Column } from "@/kit/DataTable";
import { Filters, ListOf } from "@/kit/ListOf";
import { useRightWords } from "@/kit/rights";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Entry = Schemas["AuditEntry"];

/** Who did what, when and from where. */
export function Audit() {
  const { t } = useTranslation();
  const { time } = useFormats();
  const { search } = useListSearch();
  const query = { limit: 50, cursor: search.cursor, action: search.q };
  const entries = queries.useQuery("get", "/v1/audit-log", { params: { query } }, { placeholderData: keepPreviousData, select: (found) => found as Schemas["AuditEntryPage"] });
  const nameOf = useGroupNames(entries.data?.items ?? []);
  const rightOf = useRightWords();
  const columns: Column<Entry>[] = [
    { name: "at", header: t("audit.at"), cell: (one) => <span style={{ whiteSpace: "nowrap" }}>{time(one.at)}</span> },
    { name: "action", header: t("audit.action"), cell: (one) => <span title={one.action}>{actInWords(one.action)}</span> },
    { name: "who", header: t("audit.who"), cell: (one) => one.login ?? t(one.operator_id ? "audit.operator" : one.api_key_id ? "audit.key" : "audit.system") },
    { name: "address", header: t("audit.address"), cell: (one) => one.address ?? "–" },
    {
      name: "details",
      header: t("audit.details"),
      cell: (one) => {
        const told = [one.reason, ...Object.entries(one.details ?? {}).map(([name, value]) => detailInWords(name, value, { time, nameOf, rightOf }))].filter(Boolean);
        return told.length > 0 && <Text size="sm" style={{ overflowWrap: "anywhere" }}>{told.join(", ")}</Text>;
      },
    },
  ];
  return (
    <AccountFrame tab="audit">
      <Stack>
        <Filters words={t("audit.search")} />
        <ListOf label={t("account.tabs.audit")} of={entries} columns={columns} keyOf={(one) => one.id} noneFits={t("audit.noneFits")} empty={<Empty title={t("audit.none")} />} />
      </Stack>
    </AccountFrame>
  );
}

/** Names of the groups that acts speak of by their ids. */
function useGroupNames(entries: Entry[]) {
  const mayRead = useAllowed("contacts.read");
  const isTold = entries.some(({ details }) => details && Object.keys(details).some((name) => name.startsWith("group")));
  const groups = queries.useQuery("get", "/v1/groups", { params: { query: { limit: 1000 } } }, { enabled: mayRead && isTold });
  return (id: string) => groups.data?.items.find((one) => one.id === id)?.name ?? null;
}
