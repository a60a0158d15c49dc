import { Anchor, Group, Select, TextInput } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { useChannelName } from "@/kit/channel";
import { type Column, DataTable } from "@/kit/DataTable";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
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
  const { search, change, changeSoon } = useListSearch();
  const query = {
    limit: 50,
    cursor: search.cursor,
    q: search.q,
    channel: search.channel as "sms" | "email" | undefined,
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
          {one.address ?? "–"}
        </Anchor>
      ),
    },
    { name: "channel", header: t("campaigns.channel"), cell: (one) => channelName(one.channel) },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    { name: "sender", header: t("wizard.sender"), cell: (one) => one.sender },
    { name: "at", header: t("messages.at"), cell: (one) => time(one.created_at) },
  ];
  const clear = { clearable: true, clearButtonProps: { "aria-label": t("act.clear") } };
  return (
    <Page title={t("messages.title")} lead={t("messages.lead")}>
      <Group align="flex-end" role="search">
        <TextInput label={t("messages.search")} defaultValue={search.q} onChange={(event) => changeSoon({ q: event.currentTarget.value })} flex="1 1 220px" />
        <Select
          label={t("campaigns.channel")}
          placeholder={t("act.all")}
          data={[
            { value: "sms", label: t("channel.sms") },
            { value: "email", label: t("channel.email") },
          ]}
          value={search.channel ?? null}
          onChange={(channel) => change({ channel: channel ?? undefined })}
          flex="1 1 140px"
          {...clear}
        />
        <Select
          label={t("campaigns.state")}
          placeholder={t("act.all")}
          data={STATES.map((state) => ({ value: state, label: t(`states.${state}`) }))}
          value={search.state ?? null}
          onChange={(state) => change({ state: state ?? undefined })}
          flex="1 1 140px"
          {...clear}
        />
      </Group>
      <Answered of={messages}>
        {({ items, next_cursor }) => (
          <>
            {items.length === 0 ? <Empty title={t("messages.none")} /> : <DataTable label={t("messages.title")} columns={columns} rows={items} keyOf={(one) => one.id} />}
            <Pager cursor={search.cursor} next={next_cursor} />
          </>
        )}
      </Answered>
    </Page>
  );
}
