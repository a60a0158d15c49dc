import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorApi, operatorQueries } from "@/api/operator";
import { OnOff } from "@/kit/OnOff";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import { type Field, ReasonButton } from "@/areas/operator/ReasonButton";
import type { Column } from "@/kit/DataTable";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Route = Schemas["CarrierRoute"];
const LANES = ["otp", "transactional", "bulk"] as const;

/** By which carrier what leaves; the first that fits, by its priority. */
export function Routes() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { search } = useListSearch();
  const routes = operatorQueries.useQuery("get", "/v1/operator/routes", { params: { query: { limit: 100, cursor: search.cursor } } });
  const carriers = operatorQueries.useQuery("get", "/v1/operator/carriers", { params: { query: { limit: 1000 } } });
  const nameOf = (id: string) => carriers.data?.items.find((one) => one.id === id)?.name ?? id;
  const columns: Column<Route>[] = [
    { name: "carrier", header: t("operator.carrier"), cell: (one) => <Text fw={600}>{nameOf(one.carrier_id)}</Text> },
    { name: "for", header: t("operator.for"), cell: (one) => [one.prefix, one.network, one.lane && t(`operator.lanes.${one.lane}`)].filter(Boolean).join(" · ") || t("act.all") },
    { name: "priority", header: t("operator.priority"), cell: (one) => number(one.priority), isNumber: true },
    { name: "share", header: t("operator.share"), cell: (one) => number(one.share), isNumber: true },
    { name: "on", header: t("campaigns.state"), cell: (one) => <OnOff isOn={one.enabled ?? true} /> },
    { name: "acts", header: t("act.acts"), cell: (one) => <Acts route={one} carrier={nameOf(one.carrier_id)} /> },
  ];
  const choices = carriers.data?.items.map((one) => ({ value: one.id, label: one.name })) ?? [];
  return (
    <OperatorPage title={t("operator.tabs.routes")} actions={<AddRoute carriers={choices} />}>
      <ListOf label={t("operator.tabs.routes")} of={routes} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("operator.none")} />} />
    </OperatorPage>
  );
}

function AddRoute({ carriers }: { carriers: { value: string; label: string }[] }) {
  const { t } = useTranslation();
  const fields: Field[] = [
    { name: "carrier_id", label: t("operator.carrier"), kind: "choice", options: carriers, value: carriers.length === 1 ? carriers[0]?.value : undefined },
    { name: "prefix", label: t("operator.prefix"), hint: t("operator.prefixHint"), isOptional: true },
    { name: "network", label: t("operator.network"), hint: t("operator.networkHint"), isOptional: true },
    { name: "lane", label: t("operator.lane"), kind: "choice", options: LANES.map((lane) => ({ value: lane, label: t(`operator.lanes.${lane}`) })), isOptional: true },
    ...useOrder(),
  ];
  return <ReasonButton label={t("operator.addRoute")} fields={fields} act={(reason, values) => operatorApi.POST("/v1/operator/routes", { body: { ...values, reason } as never })} />;
}

/** Which of the routes that fit is taken. */
function useOrder(before?: Route): Field[] {
  const { t } = useTranslation();
  return [
    { name: "priority", label: t("operator.priority"), hint: t("operator.priorityHint"), kind: "number", value: before?.priority, isOptional: true },
    { name: "share", label: t("operator.share"), hint: t("operator.shareHint"), kind: "number", value: before?.share, isOptional: true },
  ];
}

function Acts({ route, carrier }: { route: Route; carrier: string }) {
  const { t } = useTranslation();
  const params = { path: { route_id: route.id } };
  const name = `${carrier} ${[route.prefix, route.network, route.lane].filter(Boolean).join(" ")}`.trim();
  const change = (reason: string, values: object) => operatorApi.PATCH("/v1/operator/routes/{route_id}", { params, body: { ...values, reason } });
  return (
    <Group gap="xs" wrap="nowrap">
      <ReasonButton label={t("act.edit")} named={t("act.editNamed", { name })} fields={useOrder(route)} act={change} />
      <ReasonButton label={t(route.enabled ? "operator.switchOff" : "operator.switchOn")} question={name} act={(reason) => change(reason, { enabled: !route.enabled })} />
      <ReasonButton
        label={t("act.delete")}
        question={t("operator.deleteRouteAsk", { name })}
        act={(reason) => operatorApi.DELETE("/v1/operator/routes/{route_id}", { params: { ...params, query: { reason } } })}
      />
    </Group>
  );
}
