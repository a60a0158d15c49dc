import { Stack } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { nounsOfActs } from "@/areas/account/acts";
import { useAuditColumns } from "@/areas/account/auditColumns";
import { useAllowed } from "@/areas/session/me";
import { Filters, ListOf } from "@/kit/ListOf";
import { useRightWords } from "@/kit/rights";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";

type Entry = Schemas["AuditEntry"];

/** Who did what, when and from where. */
export function Audit() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const query = { limit: 50, cursor: search.cursor, action: search.noun };
  const entries = queries.useQuery("get", "/v1/audit-log", { params: { query } }, { placeholderData: keepPreviousData, select: (found) => found as Schemas["AuditEntryPage"] });
  const nameOf = useGroupNames(entries.data?.items ?? []);
  const rightOf = useRightWords();
  const columns = useAuditColumns(nameOf, rightOf);
  return (
    <AccountFrame tab="audit">
      <Stack>
        <Filters choices={[{ name: "noun", label: t("audit.search"), options: nounsOfActs("account"), isLong: true }]} />
        <ListOf label={t("account.tabs.audit")} of={entries} columns={columns} keyOf={(one) => one.id} filters={["noun"]} noneFits={t("audit.noneFits")} empty={<Empty title={t("audit.none")} />} />
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
