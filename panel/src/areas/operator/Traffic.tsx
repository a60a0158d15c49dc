import { Group, Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorQueries } from "@/api/operator";
import { AccountLink } from "@/areas/operator/AccountName";
import { Days, useDays } from "@/areas/operator/Days";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import { CHANNELS, useChannelName } from "@/kit/channel";
import type { Column } from "@/kit/DataTable";
import { LinkButton } from "@/kit/LinkButton";
import { Filters, ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Row = Schemas["ChannelTraffic"] & { account_id: string };

/** What each account sent on some days, channel by channel, and what became of it. */
export function Traffic() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { number, percent } = useFormats();
  const { search } = useListSearch();
  const query = { limit: 50, cursor: search.cursor, ...useDays(), channel: search.channel as Row["channel"] | undefined, account_id: search.account };
  const traffic = operatorQueries.useQuery("get", "/v1/operator/traffic", { params: { query } }, { placeholderData: keepPreviousData, select: byChannel });
  const share = (part: number, { messages }: Row) => `${number(part)} (${percent(part / messages)})`;
  const columns: Column<Row>[] = [
    { name: "account", header: t("operator.account"), cell: (one) => <AccountLink id={one.account_id} /> },
    { name: "channel", header: t("campaigns.channel"), cell: (one) => channelName(one.channel) },
    { name: "messages", header: t("operator.allMessages"), cell: (one) => number(one.messages), isNumber: true },
    { name: "sent", header: t("operator.handedOver"), cell: (one) => share(one.sent, one), isNumber: true },
    { name: "delivered", header: t("operator.deliveredOf"), cell: (one) => share(one.delivered, one), isNumber: true },
    { name: "failed", header: t("operator.failedOf"), cell: (one) => share(one.failed, one), isNumber: true },
  ];
  return (
    <OperatorPage title={t("operator.tabs.traffic")}>
      <Text maw="70ch">{t("operator.trafficLead")}</Text>
      <Days>
        <Filters choices={[{ name: "channel", label: t("campaigns.channel"), options: CHANNELS.map((value) => ({ value, label: channelName(value) })) }]} />
      </Days>
      {search.account && <OfOne id={search.account} />}
      <ListOf label={t("operator.tabs.traffic")} of={traffic} columns={columns} keyOf={(one) => one.account_id + one.channel} empty={<Empty title={t("operator.noTraffic")} />} />
    </OperatorPage>
  );
}

function byChannel({ items, next_cursor }: Schemas["AccountTrafficPage"]) {
  return { items: items.flatMap(({ account_id, channels }) => channels.map((one): Row => ({ account_id, ...one }))), next_cursor };
}

function OfOne({ id }: { id: string }) {
  const { t } = useTranslation();
  return (
    <Group gap="xs">
      <Text>{t("operator.ofOneAccount")}</Text>
      <AccountLink id={id} />
      <LinkButton size="xs" variant="default" to="/app/operator/traffic">
        {t("operator.allAccounts")}
      </LinkButton>
    </Group>
  );
}
