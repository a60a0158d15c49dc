import { Stack, Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorQueries } from "@/api/operator";
import { nounsOfActs } from "@/areas/account/acts";
import { useAuditColumns } from "@/areas/account/auditColumns";
import { AccountName } from "@/areas/operator/AccountName";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import type { Column } from "@/kit/DataTable";
import { Filters, ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";

type Entry = Schemas["OperatorAuditEntry"];

/** What operators did, to accounts and to the platform itself; of one account where the address says which. */
export function OperatorTrail() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const query = { limit: 50, cursor: search.cursor, action: search.noun, account_id: search.account };
  const entries = operatorQueries.useQuery("get", "/v1/operator/audit-log", { params: { query } }, { placeholderData: keepPreviousData, select: (found) => found as Schemas["OperatorAuditEntryPage"] });
  const [at, action, ...others] = useAuditColumns<Entry>(() => null);
  const account: Column<Entry> = { name: "account", header: t("operator.account"), cell: (one) => (one.account_id ? <AccountName id={one.account_id} /> : <Text size="sm">{t("operator.platform")}</Text>) };
  const columns = [at, action, account, ...others].filter((one) => one !== undefined);
  return (
    <OperatorPage title={t("operator.tabs.audit")}>
      <Stack>
        <Filters choices={[{ name: "noun", label: t("audit.search"), options: nounsOfActs("operators"), isLong: true }]} />
        <ListOf label={t("operator.tabs.audit")} of={entries} columns={columns} keyOf={(one) => one.id} filters={["noun", "account"]} noneFits={t("audit.noneFits")} empty={<Empty title={t("audit.none")} />} />
      </Stack>
    </OperatorPage>
  );
}
