import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorApi, operatorQueries } from "@/api/operator";
import { minorOf } from "@/areas/operator/amounts";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import { type Field, ReasonButton, type Values } from "@/areas/operator/ReasonButton";
import type { Column } from "@/kit/DataTable";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Price = Schemas["SmsPrice"];
const PER_PARTS = [1, 100, 1000];

/** What SMS cost: accounts by their plan, and the platform by carrier. */
export function Prices() {
  const { t } = useTranslation();
  const { time, money } = useFormats();
  const { search } = useListSearch();
  const prices = operatorQueries.useQuery("get", "/v1/operator/sms-prices", { params: { query: { limit: 50, cursor: search.cursor } } });
  const { plans, carriers } = useNames();
  const payer = ({ plan, carrier_id }: Price) =>
    carrier_id ? t("operator.paysCarrier", { carrier: nameOf(carriers, carrier_id) }) : plan ? t("operator.paysPlan", { plan: nameOf(plans, plan) }) : t("operator.paysAll");
  const columns: Column<Price>[] = [
    { name: "payer", header: t("operator.whoPays"), cell: (one) => <Text fw={600}>{payer(one)}</Text> },
    { name: "where", header: t("operator.where"), cell: (one) => one.network ?? t("operator.everywhere") },
    {
      name: "amount",
      header: t("operator.amount"),
      cell: ({ amount, currency, per_parts }) => (amount === null ? t("operator.noPrice") : t("operator.perParts", { count: per_parts, sum: money({ amount, currency }) })),
    },
    { name: "from", header: t("operator.from"), cell: (one) => time(one.from) },
    { name: "acts", header: t("act.acts"), cell: (one) => <Remove price={one} name={`${payer(one)}, ${one.network ?? t("operator.everywhere")}`} /> },
  ];
  return (
    <OperatorPage title={t("operator.tabs.prices")} actions={<Add plans={plans} carriers={carriers} />}>
      <Text maw="70ch">{t("operator.pricesLead")}</Text>
      <ListOf label={t("operator.tabs.prices")} of={prices} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("operator.none")} />} />
    </OperatorPage>
  );
}

type Choices = { value: string; label: string }[];
const nameOf = (choices: Choices, value: string) => choices.find((one) => one.value === value)?.label ?? value;

function useNames(): { plans: Choices; carriers: Choices } {
  const plans = operatorQueries.useQuery("get", "/v1/operator/plans");
  const carriers = operatorQueries.useQuery("get", "/v1/operator/carriers", { params: { query: { limit: 1000 } } });
  return {
    plans: plans.data?.items.map(({ code, name }) => ({ value: code, label: name })) ?? [],
    carriers: carriers.data?.items.map(({ id, name }) => ({ value: id, label: name })) ?? [],
  };
}

function Add({ plans, carriers }: { plans: Choices; carriers: Choices }) {
  const { t } = useTranslation();
  const fields: Field[] = [
    { name: "plan", label: t("operator.plan"), hint: t("operator.planHint"), kind: "choice", options: plans, isOptional: true },
    { name: "carrier_id", label: t("operator.carrier"), hint: t("operator.carrierHint"), kind: "choice", options: carriers, isOptional: true },
    { name: "network", label: t("operator.where"), hint: t("operator.placeHint"), isOptional: true },
    { name: "amount", label: t("operator.amount"), hint: t("operator.amountHint"), wrong: (amount) => (minorOf(amount) === null ? t("operator.amountWrong") : null) },
    { name: "per_parts", label: t("operator.per"), kind: "choice", options: PER_PARTS.map((parts) => ({ value: String(parts), label: String(parts) })), value: "1" },
  ];
  return (
    <ReasonButton
      label={t("operator.addPrice")}
      fields={fields}
      act={(reason, values) => operatorApi.POST("/v1/operator/sms-prices", { params: { header: { "Idempotency-Key": crypto.randomUUID() } }, body: { ...priceOf(values), reason } as never })}
    />
  );
}

/** A price as the API takes it: in minor units. */
export function priceOf({ amount, per_parts, ...where }: Values) {
  return { ...where, amount: minorOf(amount), per_parts: Number(per_parts) };
}

function Remove({ price, name }: { price: Price; name: string }) {
  const { t } = useTranslation();
  return (
    <ReasonButton
      label={t("act.delete")}
      question={t("operator.deletePriceAsk", { name })}
      act={(reason) => operatorApi.DELETE("/v1/operator/sms-prices/{price_id}", { params: { path: { price_id: price.id }, query: { reason } } })}
    />
  );
}
