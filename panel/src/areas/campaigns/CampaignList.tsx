import { Anchor, Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { CampaignProgress } from "@/areas/campaigns/CampaignProgress";
import { useAllowed } from "@/areas/session/me";
import { CHANNELS, useChannelName } from "@/kit/channel";
import type { Column } from "@/kit/DataTable";
import { LinkButton } from "@/kit/LinkButton";
import { type Filter, Filters, ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Row = Schemas["CampaignSummaryPage"]["items"][number];
const STATES = ["draft", "scheduled", "sending", "paused", "sent", "cancelled", "failed"] as const;
/** There is no progress of them to be shown yet. */
const NOT_BEGUN: Row["state"][] = ["draft", "scheduled"];
const LIVE_MS = 3_000;

export function CampaignList() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { search } = useListSearch();
  const query = {
    limit: 50,
    q: search.q,
    cursor: search.cursor,
    channel: search.channel as Row["channel"] | undefined,
    state: search.state as Row["state"] | undefined,
  };
  const campaigns = queries.useQuery(
    "get",
    "/v1/campaigns",
    { params: { query } },
    { refetchInterval: LIVE_MS, placeholderData: keepPreviousData },
  );
  const columns = useColumns();
  const choices: Filter[] = [
    { name: "channel", label: t("campaigns.channel"), options: CHANNELS.map((channel) => ({ value: channel, label: channelName(channel) })) },
    { name: "state", label: t("campaigns.state"), options: STATES.map((state) => ({ value: state, label: t(`states.${state}`) })) },
  ];
  return (
    <Page title={t("campaigns.title")} actions={<Acts />}>
      <Filters words={t("campaigns.search")} choices={choices} />
      <ListOf
        label={t("campaigns.title")}
        of={campaigns}
        columns={columns}
        keyOf={(one) => one.id}
        filters={["q", "channel", "state"]}
        noneFits={t("campaigns.noneFits")}
        empty={
          <Empty title={t("campaigns.none")} action={<LinkButton to="/app/campaigns/new">{t("campaigns.new")}</LinkButton>}>
            {t("campaigns.noneHint")}
          </Empty>
        }
      />
    </Page>
  );
}

function Acts() {
  const { t } = useTranslation();
  const mayRead = useAllowed("reports.read");
  return (
    <>
      {mayRead && (
        <LinkButton to="/app/compare" variant="default">
          {t("compare.title")}
        </LinkButton>
      )}
      <LinkButton to="/app/campaigns/new">{t("campaigns.new")}</LinkButton>
    </>
  );
}

function useColumns(): Column<Row>[] {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { time } = useFormats();
  return [
    {
      name: "name",
      header: t("campaigns.name"),
      cell: (one) => (
        <Anchor component={Link} to={`/app/campaigns/${one.id}`}>
          {one.name}
        </Anchor>
      ),
    },
    { name: "channel", header: t("campaigns.channel"), cell: (one) => one.channels.map(channelName).join(" → ") },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    {
      name: "progress",
      header: t("campaigns.progress"),
      cell: (one) => (NOT_BEGUN.includes(one.state) ? <Text size="sm">–</Text> : <CampaignProgress campaign={one} />),
    },
    { name: "when", header: t("campaigns.when"), cell: (one) => time(one.started_at ?? one.send_at ?? one.created_at) },
  ];
}
