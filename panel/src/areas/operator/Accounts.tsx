import { Group, Text, TextInput } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorApi, operatorQueries } from "@/api/operator";
import { NewInvoice } from "@/areas/operator/invoiceActs";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import { ReasonButton } from "@/areas/operator/ReasonButton";
import type { Column } from "@/kit/DataTable";
import { LinkButton } from "@/kit/LinkButton";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Account = Schemas["Account"];
/** Accounts whose owner has asked for it, or that an operator has stopped before: none that is at work. */
const CLOSABLE: Account["state"][] = ["closing", "suspended"];

/** All accounts: their plan, their trial, their suspension, their end. */
export function Accounts() {
  const { t } = useTranslation();
  const { day } = useFormats();
  const { search, changeSoon } = useListSearch();
  const query = { limit: 50, cursor: search.cursor, name: search.q };
  const accounts = operatorQueries.useQuery("get", "/v1/operator/accounts", { params: { query } }, { placeholderData: keepPreviousData });
  const columns: Column<Account>[] = [
    { name: "name", header: t("operator.account"), cell: (one) => <Text fw={600}>{one.name}</Text> },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    { name: "plan", header: t("operator.plan"), cell: (one) => one.plan.name },
    { name: "since", header: t("contacts.since"), cell: (one) => day(one.created_at) },
    { name: "acts", header: t("act.acts"), cell: (one) => <Acts account={one} /> },
  ];
  return (
    <OperatorPage title={t("operator.tabs.accounts")}>
      <TextInput label={t("operator.searchAccounts")} defaultValue={search.q} onChange={(event) => changeSoon({ q: event.currentTarget.value })} maw={360} />
      <ListOf label={t("operator.tabs.accounts")} of={accounts} columns={columns} keyOf={(one) => one.account_id} noneFits={t("operator.none")} empty={<Empty title={t("operator.none")} />} />
    </OperatorPage>
  );
}

function Acts({ account }: { account: Account }) {
  const { t } = useTranslation();
  const plans = operatorQueries.useQuery("get", "/v1/operator/plans");
  const params = { path: { account_id: account.account_id } };
  const { name } = account;
  const trail = (
    <LinkButton size="xs" variant="default" to="/app/operator/audit" search={{ account: account.account_id }} aria-label={t("operator.trailNamed", { name })}>
      {t("operator.tabs.audit")}
    </LinkButton>
  );
  if (account.state === "closed") return trail;
  return (
    <Group gap="xs" wrap="nowrap">
      <ReasonButton
        label={t("operator.move")}
        question={t("operator.moveAsk", { name })}
        fields={[{ name: "plan", label: t("operator.plan"), kind: "choice", options: plans.data?.items.map((plan) => ({ value: plan.code, label: plan.name })) ?? [], value: account.plan.code }]}
        act={(reason, { plan }) => operatorApi.PUT("/v1/operator/accounts/{account_id}/plan", { params, body: { plan: String(plan), reason } })}
      />
      {account.state === "trial" && (
        <ReasonButton label={t("operator.endTrial")} question={t("operator.endTrialAsk", { name })} act={(reason) => operatorApi.POST("/v1/operator/accounts/{account_id}/trial-end", { params, body: { reason } })} />
      )}
      {account.state === "suspended" ? (
        <ReasonButton label={t("operator.lift")} question={t("operator.liftAsk", { name })} act={(reason) => operatorApi.DELETE("/v1/operator/accounts/{account_id}/suspension", { params: { ...params, query: { reason } } })} />
      ) : (
        <ReasonButton label={t("operator.suspend")} question={t("operator.suspendAsk", { name })} act={(reason) => operatorApi.PUT("/v1/operator/accounts/{account_id}/suspension", { params, body: { reason } })} />
      )}
      {CLOSABLE.includes(account.state) && (
        <ReasonButton label={t("operator.close")} question={t("operator.closeAsk", { name })} act={(reason) => operatorApi.POST("/v1/operator/accounts/{account_id}/closure", { params, body: { reason } })} />
      )}
      <NewInvoice account={account} />
      <LinkButton size="xs" variant="default" to="/app/operator/traffic" search={{ account: account.account_id }} aria-label={t("operator.trafficNamed", { name })}>
        {t("operator.tabs.traffic")}
      </LinkButton>
      {trail}
    </Group>
  );
}
