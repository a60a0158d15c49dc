import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorApi, operatorQueries } from "@/api/operator";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import { type Field, ReasonButton } from "@/areas/operator/ReasonButton";
import type { Column } from "@/kit/DataTable";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Route = Schemas["MailRoute"];
const KINDS = ["smarthost", "mx"] as const;
const TLS = ["opportunistic", "required", "off"] as const;

/** By which server mail for a domain leaves; one that is to be another is deleted and added anew, as the API has it. */
const EVERY = "*";

export function MailRoutes() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { search } = useListSearch();
  const routes = operatorQueries.useQuery("get", "/v1/operator/mail-routes", { params: { query: { limit: 50, cursor: search.cursor } } });
  const columns: Column<Route>[] = [
    { name: "pattern", header: t("operator.domain"), cell: (one) => <Text fw={600}>{one.pattern === EVERY ? t("operator.everyDomain") : one.pattern}</Text> },
    { name: "by", header: t("operator.by"), cell: (one) => (one.host ? `${one.host}:${one.port}` : t("senders.mailKinds.mx")) },
    { name: "tls", header: "TLS", cell: (one) => t(`operator.tls.${one.tls as (typeof TLS)[number]}`) },
    { name: "login", header: t("login.login"), cell: (one) => one.username ?? "–" },
    { name: "connections", header: t("operator.connections"), cell: (one) => number(one.connections), isNumber: true },
    { name: "acts", header: t("act.acts"), cell: (one) => <Delete route={one} /> },
  ];
  return (
    <OperatorPage title={t("operator.tabs.mail")} actions={<AddRoute />}>
      <Text maw="70ch">{t("operator.mailLead")}</Text>
      <ListOf label={t("operator.tabs.mail")} of={routes} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("operator.none")} />} />
    </OperatorPage>
  );
}

function AddRoute() {
  const { t } = useTranslation();
  const fields: Field[] = [
    { name: "pattern", label: t("operator.domain"), hint: t("operator.domainHint") },
    { name: "kind", label: t("operator.by"), kind: "choice", options: KINDS.map((kind) => ({ value: kind, label: t(`senders.mailKinds.${kind}`) })), value: "smarthost" },
    { name: "host", label: t("operator.host"), hint: t("operator.mailHostHint"), isOptional: true },
    { name: "port", label: t("operator.port"), kind: "number", value: 25 },
    { name: "tls", label: "TLS", kind: "choice", options: TLS.map((tls) => ({ value: tls, label: t(`operator.tls.${tls}`) })), value: "opportunistic" },
    { name: "username", label: t("login.login"), isOptional: true },
    { name: "password", label: t("login.password"), kind: "secret", isOptional: true },
    { name: "connections", label: t("operator.connections"), kind: "number", value: 10 },
  ];
  return <ReasonButton label={t("operator.addRoute")} fields={fields} act={(reason, values) => operatorApi.POST("/v1/operator/mail-routes", { body: { ...values, reason } as never })} />;
}

function Delete({ route }: { route: Route }) {
  const { t } = useTranslation();
  const params = { path: { route_id: route.id } };
  const name = route.pattern;
  return (
    <ReasonButton
      label={t("act.delete")}
      named={t("operator.deleteNamed", { name })}
      question={t("operator.deleteMailRouteAsk", { name })}
      act={(reason) => operatorApi.DELETE("/v1/operator/mail-routes/{route_id}", { params: { ...params, query: { reason } } })}
    />
  );
}
