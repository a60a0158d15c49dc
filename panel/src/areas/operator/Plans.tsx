import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorApi, operatorQueries } from "@/api/operator";
import { minorOf } from "@/areas/operator/amounts";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import { type Field, ReasonButton, type Values } from "@/areas/operator/ReasonButton";
import { CHANNELS, useChannelName } from "@/kit/channel";
import { type Column, DataTable } from "@/kit/DataTable";
import { Answered } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Plan = Schemas["OperatedPlan"];
const LIMITS = [...CHANNELS, "contacts"] as const;
const MINOR = 100;

/** What accounts may have, and how many have it. */
export function Plans() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { number, money } = useFormats();
  const plans = operatorQueries.useQuery("get", "/v1/operator/plans");
  const limit = (value: number | null) => (value === null ? t("operator.noLimit") : number(value));
  const columns: Column<Plan>[] = [
    { name: "name", header: t("operator.plan"), cell: (one) => <Text fw={600}>{one.name}</Text> },
    ...LIMITS.map((name): Column<Plan> => ({ name, header: name === "contacts" ? t("nav.contacts") : channelName(name), cell: (one) => limit(one[name]), isNumber: true })),
    { name: "price", header: t("operator.price"), cell: (one) => money(one.price), isNumber: true },
    { name: "accounts", header: t("operator.tabs.accounts"), cell: (one) => number(one.accounts), isNumber: true },
    { name: "acts", header: t("act.acts"), cell: (one) => <Change plan={one} /> },
  ];
  return (
    <OperatorPage title={t("operator.tabs.plans")} actions={<Add />}>
      <Answered of={plans}>{({ items }) => <DataTable label={t("operator.tabs.plans")} columns={columns} rows={items} keyOf={(one) => one.code} />}</Answered>
    </OperatorPage>
  );
}

function Add() {
  const { t } = useTranslation();
  const fields: Field[] = [{ name: "code", label: t("operator.code"), hint: t("operator.codeHint") }, ...usePlanFields()];
  return (
    <ReasonButton
      label={t("operator.addPlan")}
      fields={fields}
      act={(reason, values) => operatorApi.POST("/v1/operator/plans", { body: { ...bodyOf(values, "PLN"), code: String(values.code), reason } as never })}
    />
  );
}

function Change({ plan }: { plan: Plan }) {
  const { t } = useTranslation();
  const params = { path: { code: plan.code } };
  return (
    <ReasonButton
      label={t("act.edit")}
      named={t("act.editNamed", { name: plan.name })}
      question={t("operator.changePlanAsk", { count: plan.accounts })}
      fields={usePlanFields(plan)}
      act={(reason, values) => operatorApi.PATCH("/v1/operator/plans/{code}", { params, body: { ...bodyOf(values, plan.price.currency), reason } as never })}
    />
  );
}

function usePlanFields(before?: Plan): Field[] {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const limits = LIMITS.map((name): Field => ({
    name,
    label: name === "contacts" ? t("nav.contacts") : channelName(name),
    hint: t("operator.limitHint"),
    kind: "number",
    value: before?.[name] ?? undefined,
    isOptional: true,
  }));
  return [
    { name: "name", label: t("operator.plan"), value: before?.name },
    ...limits,
    { name: "price", label: t("operator.priceMinor", { currency: before?.price.currency ?? "PLN" }), value: before ? (before.price.amount / MINOR).toFixed(2) : "0.00", wrong: (price) => (minorOf(price) === null ? t("operator.priceWrong") : null) },
    { name: "retention_days", label: t("operator.retention"), kind: "number", value: before?.retention_days ?? 365 },
    { name: "listed", label: t("operator.listed"), kind: "switch", value: before?.listed ?? false },
  ];
}

/** A plan as the API takes it: an empty limit is none, the price is in the currency's minor units. */
export function bodyOf(values: Values, currency: string) {
  const { name, price, retention_days, listed } = values;
  const limits = Object.fromEntries(LIMITS.map((limit) => [limit, values[limit] ?? null]));
  return { name, ...limits, price: { amount: minorOf(price), currency }, retention_days, listed };
}
