import { Anchor } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { useAddress } from "@/areas/reports/useAddress";
import { breakable } from "@/kit/breakable";
import { CHANNELS, useChannelName } from "@/kit/channel";
import type { Column } from "@/kit/DataTable";
import { type Filter, Filters, ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { inFull } from "@/kit/phone";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Row = Schemas["Message"];
const STATES = [
  "accepted", "submitted", "delivered", "undelivered", "expired", "rejected", "unknown", "deferred", "hard_bounced",
  "soft_bounced", "spam_bounced",
] as const;

/** The log of every message, by channel, state and address. */
export function MessageList() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { time } = useFormats();
  const addressOf = useAddress();
  const { search } = useListSearch();
  const query = {
    limit: 50,
    cursor: search.cursor,
    q: search.q,
    channel: search.channel as (typeof CHANNELS)[number] | undefined,
    state: search.state as (typeof STATES)[number] | undefined,
    campaign_id: search.campaign,
  };
  const messages = queries.useQuery("get", "/v1/messages", { params: { query } }, { placeholderData: keepPreviousData });
  const columns: Column<Row>[] = [
    {
      name: "address",
      header: t("messages.address"),
      cell: (one) => (
        <Anchor component={Link} to={`/app/messages/${one.id}`}>
          {breakable(addressOf(one))}
        </Anchor>
      ),
    },
    { name: "channel", header: t("campaigns.channel"), cell: (one) => channelName(one.channel) },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    { name: "sender", header: t("wizard.sender"), cell: (one) => one.sender && inFull(one.sender) },
    { name: "at", header: t("messages.at"), cell: (one) => time(one.created_at) },
  ];
  const choices: Filter[] = [
    { name: "channel", label: t("campaigns.channel"), options: CHANNELS.map((channel) => ({ value: channel, label: channelName(channel) })) },
    { name: "state", label: t("campaigns.state"), options: STATES.map((state) => ({ value: state, label: t(`states.${state}`) })) },
  ];
  return (
    <Page title={t("messages.title")} lead={t("messages.lead")}>
      <Filters words={t("messages.search")} choices={choices} />
      <ListOf
        label={t("messages.title")}
        of={messages}
        columns={columns}
        keyOf={(one) => one.id}
        filters={["q", "channel", "state", "campaign"]}
        noneFits={t("messages.noneFits")}
        empty={<Empty title={t("messages.none")} />}
      />
    </Page>
  );
}
