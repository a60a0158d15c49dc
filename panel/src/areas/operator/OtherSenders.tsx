import { Code, Group, Text } from "@mantine/core";
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

type Agent = Schemas["AgentSetUp"];
type Number = Schemas["OperatedWhatsappSender"];
type Bot = Schemas["OperatedViberBot"];
const STATES = ["requested", "active", "rejected"] as const;
type State = (typeof STATES)[number];

/** RCS agents that accounts asked for: set up with Google, then decided. */
export function Agents() {
  const { t } = useTranslation();
  const query = useAsked();
  const agents = operatorQueries.useQuery("get", "/v1/operator/rcs/agents", { params: { query } });
  const columns: Column<Agent>[] = [
    ...useShared<Agent>(),
    { name: "purpose", header: t("senders.about"), cell: (one) => one.purpose },
    { name: "hook", header: t("operator.hook"), cell: (one) => <Code>/hooks/rcs/{one.hook}</Code> },
    { name: "acts", header: t("act.acts"), cell: (one) => <AgentActs agent={one} /> },
  ];
  return (
    <OperatorPage title={t("operator.tabs.agents")}>
      <ByState />
      <ListOf label={t("operator.tabs.agents")} of={agents} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("operator.noneInState")} />} />
    </OperatorPage>
  );
}

function AgentActs({ agent }: { agent: Agent }) {
  const { t } = useTranslation();
  const params = { path: { agent_id: agent.id } };
  const decide = (decision: "activate" | "reject") => (reason: string) => operatorApi.POST("/v1/operator/rcs/agents/{agent_id}/decision", { params, body: { decision, reason } });
  const fields: Field[] = [
    { name: "google_id", label: t("operator.googleId"), value: agent.google_id ?? undefined },
    { name: "client_email", label: t("operator.serviceAccount"), value: agent.client_email ?? undefined },
    { name: "private_key", label: t("operator.privateKey"), kind: "long" },
    { name: "client_token", label: t("operator.clientToken"), kind: "secret" },
  ];
  return (
    <Group gap="xs" wrap="nowrap">
      <ReasonButton label={t("operator.setUp")} question={agent.title} fields={fields} act={(reason, values) => operatorApi.PUT("/v1/operator/rcs/agents/{agent_id}/credentials", { params, body: { ...values, reason } as never })} />
      {agent.state !== "active" && agent.google_id && <ReasonButton label={t("operator.decide.activate")} question={agent.title} act={decide("activate")} />}
      {agent.state !== "rejected" && <ReasonButton label={t("operator.decide.reject")} question={agent.title} act={decide("reject")} />}
    </Group>
  );
}

/** WhatsApp numbers that accounts asked for: an operator registers each with Meta and gives what Meta knows it by. */
export function WhatsappSenders() {
  const { t } = useTranslation();
  const query = useAsked();
  const senders = operatorQueries.useQuery("get", "/v1/operator/whatsapp/senders", { params: { query } });
  const columns: Column<Number>[] = [
    ...useShared<Number>(),
    { name: "phone", header: t("contacts.phone"), cell: (one) => one.phone },
    { name: "hook", header: t("operator.hook"), cell: (one) => <Code>{one.hook_path}</Code> },
    { name: "acts", header: t("act.acts"), cell: (one) => <NumberActs number={one} /> },
  ];
  return (
    <OperatorPage title={t("operator.tabs.whatsapp")}>
      <ByState />
      <ListOf label={t("operator.tabs.whatsapp")} of={senders} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("operator.noneInState")} />} />
    </OperatorPage>
  );
}

function NumberActs({ number }: { number: Number }) {
  const { t } = useTranslation();
  const params = { path: { whatsapp_sender_id: number.id } };
  const decide = (reason: string, body: object) => operatorApi.POST("/v1/operator/whatsapp/senders/{whatsapp_sender_id}/decision", { params, body: { ...body, reason } as never });
  const fields: Field[] = [
    { name: "phone_number_id", label: t("operator.phoneNumberId"), value: number.phone_number_id ?? undefined },
    { name: "business_account_id", label: t("operator.businessAccountId"), value: number.business_account_id ?? undefined },
    { name: "access_token", label: t("operator.accessToken"), kind: "secret" },
    { name: "app_secret", label: t("operator.appSecret"), kind: "secret" },
    { name: "verify_token", label: t("operator.verifyToken"), kind: "secret" },
  ];
  return (
    <Group gap="xs" wrap="nowrap">
      <ReasonButton label={t(number.state === "active" ? "operator.setUp" : "operator.decide.activate")} question={`${number.title} ${number.phone}`} fields={fields} act={(reason, values) => decide(reason, { ...values, decision: "activate" })} />
      {number.state !== "rejected" && <ReasonButton label={t("operator.decide.reject")} question={`${number.title} ${number.phone}`} act={(reason) => decide(reason, { decision: "reject" })} />}
    </Group>
  );
}

/** Viber bots that accounts asked for: an operator makes each at Viber, and gives the token that Viber has given for it. */
export function ViberBots() {
  const { t } = useTranslation();
  const query = useAsked();
  const bots = operatorQueries.useQuery("get", "/v1/operator/viber/bots", { params: { query } });
  const columns: Column<Bot>[] = [
    ...useShared<Bot>(),
    { name: "uri", header: t("operator.botUri"), cell: (one) => one.uri },
    { name: "hook", header: t("operator.hook"), cell: (one) => one.hook_problem ?? <Code>{one.hook_path}</Code> },
    { name: "acts", header: t("act.acts"), cell: (one) => <BotActs bot={one} /> },
  ];
  return (
    <OperatorPage title={t("operator.tabs.viber")}>
      <ByState />
      <ListOf label={t("operator.tabs.viber")} of={bots} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("operator.noneInState")} />} />
    </OperatorPage>
  );
}

function BotActs({ bot }: { bot: Bot }) {
  const { t } = useTranslation();
  const params = { path: { viber_bot_id: bot.id } };
  const decide = (reason: string, body: object) => operatorApi.POST("/v1/operator/viber/bots/{viber_bot_id}/decision", { params, body: { ...body, reason } as never });
  const fields: Field[] = [
    { name: "uri", label: t("operator.botUri"), value: bot.uri ?? undefined },
    { name: "auth_token", label: t("operator.botToken"), kind: "secret" },
  ];
  return (
    <Group gap="xs" wrap="nowrap">
      <ReasonButton label={t(bot.state === "active" ? "operator.setUp" : "operator.decide.activate")} question={bot.title} fields={fields} act={(reason, values) => decide(reason, { ...values, decision: "activate" })} />
      {bot.state !== "rejected" && <ReasonButton label={t("operator.decide.reject")} question={bot.title} act={(reason) => decide(reason, { decision: "reject" })} />}
    </Group>
  );
}

function useAsked() {
  const { search } = useListSearch();
  return { limit: 50, cursor: search.cursor, state: (search.state ?? "requested") as State };
}

function ByState() {
  const { t } = useTranslation();
  return <Filters choices={[{ name: "state", label: t("campaigns.state"), options: STATES.map((one) => ({ value: one, label: t(`states.${one}`) })), otherwise: "requested" }]} />;
}

interface Shared {
  title: string;
  name: string;
  state: string;
  account_id: string;
  created_at: string;
}

function useShared<Row extends Shared>(): Column<Row>[] {
  const { t } = useTranslation();
  const { day } = useFormats();
  return [
    { name: "title", header: t("senders.shownAs"), cell: (one) => <Text fw={600}>{one.title}</Text> },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    { name: "account", header: t("operator.account"), cell: (one) => <AccountName id={one.account_id} /> },
    { name: "since", header: t("senders.asked"), cell: (one) => day(one.created_at) },
  ];
}
