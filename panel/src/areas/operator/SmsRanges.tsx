import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorApi, operatorQueries } from "@/api/operator";
import { AccountName } from "@/areas/operator/AccountName";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import { type Field, ReasonButton } from "@/areas/operator/ReasonButton";
import type { Column } from "@/kit/DataTable";
import { Filters, ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Range = Schemas["SmsRange"];
const STATES = ["held", "released", "dropped"] as const;

/** Ranges of numbers to which too much was sent; those that wait for a decision come first. */
export function SmsRanges() {
  const { t } = useTranslation();
  const { number, time } = useFormats();
  const { search } = useListSearch();
  const state = (search.state ?? "held") as Range["state"];
  const ranges = operatorQueries.useQuery("get", "/v1/operator/sms-ranges", { params: { query: { limit: 50, cursor: search.cursor, state } } });
  const columns: Column<Range>[] = [
    { name: "range", header: t("operator.range"), cell: (one) => <Text fw={600}>{one.range}…</Text> },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    { name: "account", header: t("operator.account"), cell: (one) => (one.account_id ? <AccountName id={one.account_id} /> : <Text size="sm">{t("operator.severalAccounts")}</Text>) },
    { name: "numbers", header: t("operator.rangeNumbers"), cell: (one) => number(one.numbers), isNumber: true },
    { name: "waiting", header: t("operator.rangeWaiting"), cell: (one) => number(one.waiting), isNumber: true },
    { name: "held", header: t("operator.rangeHeld"), cell: (one) => time(one.held_at) },
    { name: "acts", header: t("act.acts"), cell: (one) => <Acts range={one} /> },
  ];
  const choice = { name: "state", label: t("campaigns.state"), options: STATES.map((one) => ({ value: one, label: t(`states.${one}`) })), otherwise: "held" };
  return (
    <OperatorPage title={t("operator.tabs.ranges")}>
      <Text maw="70ch">{t("operator.rangesLead")}</Text>
      <Filters choices={[choice]} />
      <ListOf label={t("operator.tabs.ranges")} of={ranges} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("operator.noRanges")} />} />
    </OperatorPage>
  );
}

function Acts({ range }: { range: Range }) {
  const { t } = useTranslation();
  const params = { path: { range_id: range.id } };
  const name = range.range;
  return (
    <Group gap="xs" wrap="nowrap">
      {range.state === "held" && (
        <>
          <ReasonButton
            label={t("operator.release")}
            named={t("operator.releaseNamed", { name })}
            question={t("operator.releaseAsk", { name })}
            act={(reason) => operatorApi.POST("/v1/operator/sms-ranges/{range_id}/release", { params, body: { reason } })}
          />
          <ReasonButton
            label={t("operator.drop")}
            named={t("operator.dropNamed", { name })}
            question={t("operator.dropAsk", { name })}
            act={(reason) => operatorApi.POST("/v1/operator/sms-ranges/{range_id}/drop", { params, body: { reason } })}
          />
        </>
      )}
      {range.account_id && <Limit accountId={range.account_id} />}
    </Group>
  );
}

/** Offered once it is known what holds now, so that nothing is changed that was not seen. */
function Limit({ accountId }: { accountId: string }) {
  const { t } = useTranslation();
  const params = { path: { account_id: accountId } };
  const limit = operatorQueries.useQuery("get", "/v1/operator/accounts/{account_id}/sms-range-limit", { params });
  if (!limit.data) return null;
  const most: Field = { name: "most", label: t("operator.rangeMost"), hint: t("operator.rangeMostHint"), kind: "number", value: limit.data.most ?? "", isOptional: true };
  return (
    <ReasonButton
      label={t("operator.rangeLimit")}
      named={t("operator.rangeLimitNamed", { name: accountId })}
      fields={[most]}
      act={(reason, values) => operatorApi.PUT("/v1/operator/accounts/{account_id}/sms-range-limit", { params, body: { most: values.most === undefined ? null : Number(values.most), reason } })}
    />
  );
}
