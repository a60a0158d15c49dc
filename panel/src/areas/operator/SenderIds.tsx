import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorApi, operatorQueries } from "@/api/operator";
import { AccountName } from "@/areas/operator/AccountName";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import { ReasonButton } from "@/areas/operator/ReasonButton";
import type { Column } from "@/kit/DataTable";
import { Filters, ListOf } from "@/kit/ListOf";
import { inFull } from "@/kit/phone";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type SenderId = Schemas["SenderId"];
type Decision = Schemas["SenderDecision"]["decision"];
const STATES = ["requested", "verified", "active", "rejected"] as const;
const DECISIONS: Decision[] = ["verify", "activate", "reject"];

/** Sender IDs that accounts asked for; those to be decided come first. */
export function SenderIds() {
  const { t } = useTranslation();
  const { day } = useFormats();
  const { search } = useListSearch();
  const state = (search.state ?? "requested") as SenderId["state"];
  const senders = operatorQueries.useQuery("get", "/v1/operator/sender-ids", { params: { query: { limit: 50, cursor: search.cursor, state } } });
  const decide = (one: SenderId, decision: Decision) => (reason: string) =>
    operatorApi.POST("/v1/operator/sender-ids/{sender_id}/decision", { params: { path: { sender_id: one.id } }, body: { decision, reason } });
  const columns: Column<SenderId>[] = [
    { name: "sender", header: t("wizard.sender"), cell: (one) => <Text fw={600}>{inFull(one.sender)}</Text> },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    { name: "account", header: t("operator.account"), cell: (one) => <AccountName id={one.account_id} /> },
    { name: "since", header: t("senders.asked"), cell: (one) => day(one.created_at) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) => (
        <Group gap="xs" wrap="nowrap">
          {one.state === "requested" &&
            DECISIONS.map((decision) => (
              <ReasonButton key={decision} label={t(`operator.decide.${decision}`)} question={t("operator.decideAsk", { sender: inFull(one.sender) })} act={decide(one, decision)} />
            ))}
        </Group>
      ),
    },
  ];
  return (
    <OperatorPage title={t("operator.tabs.senders")}>
      <Filters choices={[{ name: "state", label: t("campaigns.state"), options: STATES.map((one) => ({ value: one, label: t(`states.${one}`) })), otherwise: "requested" }]} />
      <ListOf label={t("operator.tabs.senders")} of={senders} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("operator.nothingToDecide")} />} />
    </OperatorPage>
  );
}
