import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { HEARD_ON, type HeardOn, INBOX, type Said, useTogether } from "@/areas/conversations/heard";
import { useChannelName } from "@/kit/channel";
import type { Column } from "@/kit/DataTable";
import { Filters, ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { inFull } from "@/kit/phone";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

const LIVE_MS = 15_000;

/** Who wrote to the account, on every channel on which people can. */
export function ConversationList() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { search } = useListSearch();
  const only = HEARD_ON.find((channel) => channel === search.channel);
  const lists = Object.fromEntries(HEARD_ON.filter((channel) => !only || channel === only).map((channel) => [channel, INBOX[channel]]));
  const conversations = useTogether({ key: ["inbox"], lists, at: search.cursor, q: search.q, everyMs: LIVE_MS });
  const newest = { ...conversations, data: conversations.data && { ...conversations.data, items: newestOfEach(conversations.data.items) } };
  return (
    <Page title={t("conversations.title")} lead={t("conversations.lead")}>
      <Filters
        words={t("conversations.search")}
        choices={[{ name: "channel", label: t("campaigns.channel"), options: HEARD_ON.map((channel) => ({ value: channel, label: channelName(channel) })) }]}
      />
      <ListOf
        label={t("conversations.title")}
        of={newest}
        columns={useColumns()}
        keyOf={(one) => one.key}
        filters={["q", "channel"]}
        noneFits={t("conversations.none")}
        empty={<Empty title={t("conversations.none")}>{t("conversations.noneHint")}</Empty>}
      />
    </Page>
  );
}

function useColumns(): Column<Said>[] {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { time } = useFormats();
  return [
    {
      name: "from",
      header: t("conversations.from"),
      cell: (one) => one.channel === "viber" ? (
        <OnViber said={one} />
      ) : (
        <Anchor component={Link} to="/app/conversations/$phone" params={{ phone: inFull(one.phone) } as never}>
          {inFull(one.phone)}
        </Anchor>
      ),
    },
    { name: "channel", header: t("campaigns.channel"), cell: (one) => channelName(one.channel) },
    {
      name: "text",
      header: t("conversations.text"),
      cell: (one) => (
        <Text size="sm" lineClamp={2} maw={420}>
          {one.text ?? t("conversations.unreadable")}
        </Text>
      ),
    },
    { name: "to", header: t("conversations.to"), cell: (one) => inFull(one.number) },
    { name: "at", header: t("conversations.at"), cell: (one) => time(one.at) },
  ];
}

/** A person of Viber has no number there: the contact tells who it is, where one has been invited. */
function OnViber({ said }: { said: Said }) {
  const { t } = useTranslation();
  if (!said.contactId) return <Text size="sm">{said.phone}</Text>;
  return (
    <Anchor component={Link} to={`/app/contacts/${said.contactId}`}>
      {t("conversations.contact")}
    </Anchor>
  );
}

/** Of each person on each channel the newest: lists of messages have the older ones, too. */
export function newestOfEach(items: Said[]): Said[] {
  const seen = new Set<string>();
  const isNew = ({ channel, phone, number }: { channel: HeardOn; phone: string; number: string }) => {
    const pair = `${channel} ${phone} ${number}`;
    return !seen.has(pair) && seen.add(pair);
  };
  return items.filter(isNew);
}
