import { Stack, Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorQueries } from "@/api/operator";
import { Days, useDays } from "@/areas/operator/Days";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import { type Column, DataTable } from "@/kit/DataTable";
import { Figures } from "@/kit/Figures";
import { Filters } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Row = Schemas["SmsTraffic"];
type Sums = Pick<Row, "messages" | "parts" | "unpriced_parts" | "uncosted_parts" | "charged" | "paid">;

/** What carriers took on some days, what accounts are charged for it, what the platform pays, and what is left of it. */
export function SmsTraffic() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const traffic = operatorQueries.useQuery("get", "/v1/operator/sms-traffic", { params: { query: useDays() } }, { placeholderData: keepPreviousData });
  const nameOf = (one: Row) => one.carrier ?? t("operator.deletedCarrier");
  const carriers = new Map((traffic.data?.items ?? []).map((one) => [one.carrier_id, nameOf(one)]));
  return (
    <OperatorPage title={t("operator.tabs.sms-traffic")}>
      <Text maw="70ch">{t("operator.smsTrafficLead")}</Text>
      <Days>
        <Filters choices={[{ name: "carrier", label: t("operator.carrier"), options: [...carriers].map(([value, label]) => ({ value, label })), isLong: true }]} />
      </Days>
      <Answered of={traffic}>{({ items }) => <Table rows={items.filter((one) => !search.carrier || one.carrier_id === search.carrier)} nameOf={nameOf} />}</Answered>
    </OperatorPage>
  );
}

function Table({ rows, nameOf }: { rows: Row[]; nameOf: (row: Row) => string }) {
  const { t } = useTranslation();
  const { number, money } = useFormats();
  const columns: Column<Row>[] = [
    { name: "carrier", header: t("operator.carrier"), cell: (one) => <Text fw={600}>{nameOf(one)}</Text> },
    { name: "network", header: t("operator.network"), cell: (one) => one.network ?? t("operator.otherNetworks") },
    { name: "messages", header: t("operator.allMessages"), cell: (one) => number(one.messages), isNumber: true },
    { name: "parts", header: t("operator.smsParts"), cell: (one) => number(one.parts), isNumber: true },
    { name: "charged", header: t("operator.charged"), cell: (one) => money(one.charged), isNumber: true },
    { name: "paid", header: t("operator.paidToCarriers"), cell: (one) => money(one.paid), isNumber: true },
    { name: "left", header: t("operator.left"), cell: (one) => <Left of={one} />, isNumber: true },
  ];
  const [first, ...more] = rows;
  if (!first) return <Empty title={t("operator.noSmsTraffic")} />;
  return (
    <Stack>
      <Totals of={more.reduce<Sums>(added, first)} />
      <DataTable label={t("operator.tabs.sms-traffic")} columns={columns} rows={rows} keyOf={(one) => `${one.carrier_id} ${one.network ?? ""}`} />
    </Stack>
  );
}

function Totals({ of }: { of: Sums }) {
  const { t } = useTranslation();
  const { number, money } = useFormats();
  const left = useLeft(of);
  const figures = [
    { label: t("operator.allMessages"), value: number(of.messages) },
    { label: t("operator.smsParts"), value: number(of.parts) },
    { label: t("operator.charged"), value: money(of.charged), note: of.unpriced_parts ? t("operator.unpricedParts", { parts: number(of.unpriced_parts) }) : undefined },
    { label: t("operator.paidToCarriers"), value: money(of.paid), note: of.uncosted_parts ? t("operator.uncostedParts", { parts: number(of.uncosted_parts) }) : undefined },
    { label: t("operator.left"), value: left.sum ?? "–", note: left.note },
  ];
  return <Figures of={figures} />;
}

function Left({ of }: { of: Sums }) {
  const { sum, note } = useLeft(of);
  return (
    <>
      <Text size="sm">{sum}</Text>
      <Text size="sm">{note}</Text>
    </>
  );
}

/** What accounts are charged less what carriers are paid; it cannot be told where a price is missing of some of the parts. */
function useLeft({ charged, paid, unpriced_parts, uncosted_parts }: Sums): { sum?: string; note?: string } {
  const { t } = useTranslation();
  const { money, percent } = useFormats();
  if (unpriced_parts || uncosted_parts) return { note: t("operator.leftUnknown") };
  const left = charged.amount - paid.amount;
  return { sum: money({ ...charged, amount: left }), note: charged.amount ? t("operator.leftOf", { share: percent(left / charged.amount) }) : undefined };
}

/** The platform has one currency. */
function added(sums: Sums, row: Row): Sums {
  return {
    messages: sums.messages + row.messages,
    parts: sums.parts + row.parts,
    unpriced_parts: sums.unpriced_parts + row.unpriced_parts,
    uncosted_parts: sums.uncosted_parts + row.uncosted_parts,
    charged: { ...sums.charged, amount: sums.charged.amount + row.charged.amount },
    paid: { ...sums.paid, amount: sums.paid.amount + row.paid.amount },
  };
}
