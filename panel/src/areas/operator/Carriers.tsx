import { Badge, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorApi, operatorQueries } from "@/api/operator";
import { changesOf, useCarrierFields, useCarrierManners } from "@/areas/operator/carrierFields";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import { type Field, ReasonButton, type Values } from "@/areas/operator/ReasonButton";
import type { Column } from "@/kit/DataTable";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Carrier = Schemas["Carrier"];
const LIVE_MS = 5_000;

/** Carriers with how each is right now. */
export function Carriers() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const carriers = operatorQueries.useQuery("get", "/v1/operator/carriers", { params: { query: { limit: 50, cursor: search.cursor } } });
  const columns: Column<Carrier>[] = [
    { name: "name", header: t("operator.carrier"), cell: (one) => <Text fw={600}>{one.name}</Text> },
    { name: "host", header: t("operator.host"), cell: (one) => (one.host ? `${one.host}:${one.port}` : "HTTP") },
    { name: "now", header: t("operator.now"), cell: (one) => <LiveState carrierId={one.id} /> },
    { name: "acts", header: t("act.acts"), cell: (one) => <Acts carrier={one} /> },
  ];
  return (
    <OperatorPage title={t("operator.tabs.carriers")} actions={<AddCarrier />}>
      <ListOf label={t("operator.tabs.carriers")} of={carriers} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("operator.none")} />} />
    </OperatorPage>
  );
}

function Acts({ carrier }: { carrier: Carrier }) {
  const { t } = useTranslation();
  const params = { path: { carrier_id: carrier.id } };
  const test: Field[] = [
    { name: "to", label: t("contacts.phone"), hint: t("senders.phoneHint") },
    { name: "sender", label: t("wizard.sender") },
    { name: "text", label: t("wizard.text") },
  ];
  const send = (reason: string, values: Values) =>
    operatorApi.POST("/v1/operator/carriers/{carrier_id}/tests", { params: { ...params, header: { "Idempotency-Key": crypto.randomUUID() } }, body: { ...values, reason } as never });
  return (
    <Group gap="xs" wrap="nowrap">
      {carrier.kind === "smpp" && <ChangeCarrier carrier={carrier} />}
      <ReasonButton label={t("operator.test")} named={t("operator.testNamed", { name: carrier.name })} question={carrier.name} fields={test} act={send} />
      <ReasonButton
        label={t(carrier.enabled ? "operator.switchOff" : "operator.switchOn")}
        question={carrier.name}
        act={(reason) => operatorApi.PATCH("/v1/operator/carriers/{carrier_id}", { params, body: { enabled: !carrier.enabled, reason } })}
      />
    </Group>
  );
}

function ChangeCarrier({ carrier }: { carrier: Carrier }) {
  const { t } = useTranslation();
  const fields = [...useCarrierFields(carrier), ...useCarrierManners(carrier)];
  const params = { path: { carrier_id: carrier.id } };
  return (
    <ReasonButton
      label={t("act.edit")}
      named={t("act.editNamed", { name: carrier.name })}
      question={carrier.name}
      fields={fields}
      act={(reason, values) => operatorApi.PATCH("/v1/operator/carriers/{carrier_id}", { params, body: { ...changesOf(carrier, values), reason } as never })}
    />
  );
}

function AddCarrier() {
  const { t } = useTranslation();
  const name: Field = { name: "name", label: t("operator.carrier"), hint: t("senders.nameHint") };
  const fields = [name, ...useCarrierFields()];
  return <ReasonButton label={t("operator.addCarrier")} fields={fields} act={(reason, values) => operatorApi.POST("/v1/operator/carriers", { body: { ...values, reason } as never })} />;
}

function LiveState({ carrierId }: { carrierId: string }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const params = { path: { carrier_id: carrierId } };
  const state = operatorQueries.useQuery("get", "/v1/operator/carriers/{carrier_id}/state", { params }, { refetchInterval: LIVE_MS });
  if (state.error) return <ProblemAlert error={state.error} />;
  if (!state.data) return <Text size="sm">{t("state.loading")}</Text>;
  const { processes } = state.data;
  const binds = processes.flatMap((one) => one.binds);
  const sum = (of: (one: (typeof processes)[number]) => number) => processes.reduce((whole, one) => whole + of(one), 0);
  const isWell = processes.length > 0 && binds.every((one) => one.is_bound) && processes.every((one) => one.circuit === "closed");
  return (
    <Group gap="sm">
      <Badge variant="light" color={isWell ? "teal" : "red"} tt="none">
        {t(isWell ? "operator.well" : "operator.unwell")}
      </Badge>
      <Text size="sm">
        {t("operator.live", {
          bound: number(binds.filter((one) => one.is_bound).length), binds: number(binds.length),
          rate: number(sum((one) => one.sent_per_second)), waiting: number(sum((one) => one.waiting)),
        })}
      </Text>
      {binds.map((one) => one.last_error).find(Boolean) && <Text size="sm">{binds.map((one) => one.last_error).find(Boolean)}</Text>}
    </Group>
  );
}
