import { Anchor, Group, Select, Text, TextInput } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { CampaignProgress } from "@/areas/campaigns/CampaignProgress";
import { useChannelName } from "@/kit/channel";
import { type Column, DataTable } from "@/kit/DataTable";
import { LinkButton } from "@/kit/LinkButton";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Row = Schemas["CampaignSummaryPage"]["items"][number];
const STATES = ["draft", "scheduled", "sending", "paused", "sent", "cancelled", "failed"] as const;
const LIVE_MS = 3_000;

export function CampaignList() {
  const { t } = useTranslation();
  const { search, change, changeSoon } = useListSearch();
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
  const isFiltered = Boolean(search.q || search.channel || search.state);
  return (
    <Page title={t("campaigns.title")} actions={<LinkButton to="/app/campaigns/new">{t("campaigns.new")}</LinkButton>}>
      <Group align="flex-end" role="search">
        <TextInput label={t("campaigns.search")} defaultValue={search.q} onChange={(event) => changeSoon({ q: event.currentTarget.value })} flex="1 1 220px" />
        <Select
          label={t("campaigns.channel")}
          placeholder={t("act.all")}
          data={[
            { value: "sms", label: t("channel.sms") },
            { value: "email", label: t("channel.email") },
          ]}
          value={search.channel ?? null}
          onChange={(channel) => change({ channel: channel ?? undefined })}
          clearable
          clearButtonProps={{ "aria-label": t("act.clear") }}
          flex="1 1 140px"
        />
        <Select
          label={t("campaigns.state")}
          placeholder={t("act.all")}
          data={STATES.map((state) => ({ value: state, label: t(`states.${state}`) }))}
          value={search.state ?? null}
          onChange={(state) => change({ state: state ?? undefined })}
          clearable
          clearButtonProps={{ "aria-label": t("act.clear") }}
          flex="1 1 140px"
        />
      </Group>
      <Answered of={campaigns}>
        {({ items, next_cursor }) => (
          <>
            {items.length > 0 ? (
              <Rows items={items} />
            ) : isFiltered ? (
              <Empty title={t("campaigns.noneFits")} />
            ) : (
              <Empty title={t("campaigns.none")} action={<LinkButton to="/app/campaigns/new">{t("campaigns.new")}</LinkButton>}>
                {t("campaigns.noneHint")}
              </Empty>
            )}
            <Pager cursor={search.cursor} next={next_cursor} />
          </>
        )}
      </Answered>
    </Page>
  );
}

function Rows({ items }: { items: Row[] }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { time } = useFormats();
  const columns: Column<Row>[] = [
    {
      name: "name",
      header: t("campaigns.name"),
      cell: (one) => (
        <Anchor component={Link} to={`/app/campaigns/${one.id}`}>
          {one.name}
        </Anchor>
      ),
    },
    { name: "channel", header: t("campaigns.channel"), cell: (one) => channelName(one.channel) },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    {
      name: "progress",
      header: t("campaigns.progress"),
      cell: (one) => (one.state === "draft" ? <Text size="sm">–</Text> : <CampaignProgress campaign={one} />),
    },
    { name: "when", header: t("campaigns.when"), cell: (one) => time(one.started_at ?? one.send_at ?? one.created_at) },
  ];
  return <DataTable label={t("campaigns.title")} columns={columns} rows={items} keyOf={(one) => one.id} />;
}
