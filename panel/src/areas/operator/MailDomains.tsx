import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorApi, operatorQueries } from "@/api/operator";
import { AccountName } from "@/areas/operator/AccountName";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import { ReasonButton } from "@/areas/operator/ReasonButton";
import type { Column } from "@/kit/DataTable";
import { Filters, ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Domain = Schemas["OperatorSenderDomain"];
const STATES = ["pending", "verified"] as const;
/** Whose the platform's own domain is. */
const PLATFORM = "00000000-0000-0000-0000-000000000000";

/** Domains that accounts send mail from; an operator may vouch for one whose records cannot be found. */
export function MailDomains() {
  const { t } = useTranslation();
  const { day } = useFormats();
  const { search } = useListSearch();
  const state = (search.state ?? "pending") as (typeof STATES)[number];
  const domains = operatorQueries.useQuery("get", "/v1/operator/sender-domains", { params: { query: { limit: 50, cursor: search.cursor, state } } });
  const columns: Column<Domain>[] = [
    { name: "domain", header: t("operator.mailDomain"), cell: (one) => <Text fw={600} style={{ overflowWrap: "anywhere" }}>{one.domain}</Text> },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    { name: "account", header: t("operator.account"), cell: ({ account_id }) => (account_id === PLATFORM ? <Text size="sm">{t("operator.platform")}</Text> : <AccountName id={account_id} />) },
    { name: "missing", header: t("operator.missingRecords"), cell: (one) => <Missing domain={one} /> },
    { name: "since", header: t("senders.asked"), cell: (one) => day(one.created_at) },
    { name: "acts", header: t("act.acts"), cell: (one) => (one.state === "pending" ? <Vouch domain={one} /> : one.reason && <Text size="sm">{t("operator.vouchedFor", { reason: one.reason })}</Text>) },
  ];
  return (
    <OperatorPage title={t("operator.tabs.domains")}>
      <Text maw="70ch">{t("operator.domainsLead")}</Text>
      <Filters choices={[{ name: "state", label: t("campaigns.state"), options: STATES.map((one) => ({ value: one, label: t(`states.${one}`) })), otherwise: "pending" }]} />
      <ListOf label={t("operator.tabs.domains")} of={domains} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("operator.noDomains")} />} />
    </OperatorPage>
  );
}

/** Which records that it needs are not there; a dash before anybody has looked. */
function Missing({ domain }: { domain: Domain }) {
  const { t } = useTranslation();
  const missing = domain.records.filter((one) => one.required && one.found === false);
  if (!domain.checked_at) return "–";
  return (
    <Text size="sm">
      {missing.length > 0 ? [...new Set(missing.map(({ purpose }) => t(`senders.purposes.${purpose}`, { defaultValue: purpose })))].join(", ") : t("operator.noneMissing")}
    </Text>
  );
}

function Vouch({ domain: { id, domain } }: { domain: Domain }) {
  const { t } = useTranslation();
  return (
    <ReasonButton
      label={t("operator.vouch")}
      named={t("operator.vouchNamed", { domain })}
      question={t("operator.vouchAsk", { domain })}
      act={(reason) => operatorApi.POST("/v1/operator/sender-domains/{domain_id}/verify", { params: { path: { domain_id: id } }, body: { reason } })}
    />
  );
}
