import { Anchor, Card, Group, Text, Timeline, Title } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { useChannelName } from "@/kit/channel";
import { inFull } from "@/kit/phone";
import { Loading, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

const SHOWN = 20;

/** What the person was sent, on every channel: the log of each address, put together by time. */
export function ContactHistory({ contact }: { contact: Schemas["Contact"] }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { time } = useFormats();
  const addresses = [contact.phone, contact.email, contact.push, contact.viber].filter((one) => one !== null);
  const asked = useQueries({
    queries: addresses.map((address) => queries.queryOptions("get", "/v1/messages", { params: { query: { address, limit: SHOWN } } })),
  });
  const messages = asked.flatMap((one) => one.data?.items ?? []).sort((a, b) => b.created_at.localeCompare(a.created_at));
  const isWaiting = asked.some((one) => one.isPending);
  return (
    <Card withBorder component="section">
      <Title order={2} size="h4" mb="sm">
        {t("contacts.history")}
      </Title>
      <ProblemAlert error={asked.find((one) => one.error)?.error} />
      {isWaiting && messages.length === 0 && <Loading />}
      {!isWaiting && messages.length === 0 && <Text>{t("contacts.noHistory")}</Text>}
      <Timeline bulletSize={14} lineWidth={2}>
        {messages.map((message) => (
          <Timeline.Item
            key={message.id}
            title={
              <Group gap="xs">
                <Anchor component={Link} to={`/app/messages/${message.id}`} size="sm">
                  {channelName(message.channel)} · {inFull(message.sender ?? "–")}
                </Anchor>
                <StateBadge state={message.state} />
              </Group>
            }
          >
            <Text size="sm">{time(message.created_at)}</Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Card>
  );
}
