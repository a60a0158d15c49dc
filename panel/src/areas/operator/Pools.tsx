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

type Pool = Schemas["IpPool"];
const KINDS = ["shared", "dedicated"] as const;

/** From which addresses mail leaves. */
export function Pools() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { search } = useListSearch();
  const pools = operatorQueries.useQuery("get", "/v1/operator/ip-pools", { params: { query: { limit: 50, cursor: search.cursor } } });
  const columns: Column<Pool>[] = [
    { name: "name", header: t("operator.pool"), cell: (one) => <Text fw={600}>{one.name}</Text> },
    { name: "on", header: t("campaigns.state"), cell: (one) => <OnOff isOn={!one.is_paused} /> },
    { name: "addresses", header: t("operator.addresses"), cell: (one) => one.addresses.map((address) => address.address).join(", ") || "–" },
    { name: "accounts", header: t("operator.tabs.accounts"), cell: (one) => number(one.accounts), isNumber: true },
    { name: "pauses", header: t("operator.blocked"), cell: (one) => one.pauses.map((pause) => pause.destination).join(", ") || "–" },
    { name: "acts", header: t("act.acts"), cell: (one) => <Acts pool={one} /> },
  ];
  const kinds: Field = { name: "kind", label: t("templates.kind"), kind: "choice", options: KINDS.map((kind) => ({ value: kind, label: t(`operator.kinds.${kind}`) })), value: "shared" };
  const add = (reason: string, values: object) => operatorApi.POST("/v1/operator/ip-pools", { body: { ...values, reason } as never });
  return (
    <OperatorPage
      title={t("operator.tabs.pools")}
      actions={<ReasonButton label={t("operator.addPool")} fields={[{ name: "name", label: t("operator.pool") }, kinds]} act={add} />}
    >
      <ListOf label={t("operator.tabs.pools")} of={pools} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("operator.none")} />} />
    </OperatorPage>
  );
}

function Acts({ pool }: { pool: Pool }) {
  const { t } = useTranslation();
  const params = { path: { pool_id: pool.id } };
  const address: Field[] = [
    { name: "address", label: t("operator.address"), hint: t("operator.addressHint") },
    { name: "ehlo_name", label: t("operator.ehlo"), hint: t("operator.ehloHint") },
  ];
  const pauses: Field = { name: "destination", label: t("operator.blocked"), kind: "choice", options: pool.pauses.map((one) => ({ value: one.destination, label: one.destination })), value: pool.pauses[0]?.destination };
  return (
    <Group gap="xs" wrap="nowrap">
      <ReasonButton label={t("operator.addAddress")} question={pool.name} fields={address} act={(reason, values) => operatorApi.POST("/v1/operator/ip-pools/{pool_id}/addresses", { params, body: { ...values, reason } as never })} />
      <ReasonButton
        label={t(pool.is_paused ? "operator.switchOn" : "operator.switchOff")}
        question={pool.name}
        act={(reason) => operatorApi.PATCH("/v1/operator/ip-pools/{pool_id}", { params, body: { is_paused: !pool.is_paused, reason } })}
      />
      {pool.pauses.length > 0 && (
        <ReasonButton label={t("operator.resume")} question={pool.name} fields={[pauses]} act={(reason, values) => operatorApi.POST("/v1/operator/ip-pools/{pool_id}/resumption", { params, body: { ...values, reason } as never })} />
      )}
    </Group>
  );
}
