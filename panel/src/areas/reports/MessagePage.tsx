import { Anchor, Card, Group, SimpleGrid, Stack, Text, Timeline, Title } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { answeredBy, Code } from "@/areas/reports/Code";
import { MessageSteps } from "@/areas/reports/MessageSteps";
import { TakeBack } from "@/areas/reports/TakeBack";
import { useAddress } from "@/areas/reports/useAddress";
import { useChannelName } from "@/kit/channel";
import { Page } from "@/kit/Page";
import { inFull } from "@/kit/phone";
import { Answered } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

/** States whose code says nothing that the state does not. */
const GOES_WELL = ["accepted", "submitted", "delivered"];

/** One message, and everything that is known to have happened to it. */
export function MessagePage() {
  const { t } = useTranslation();
  const addressOf = useAddress();
  const { messageId } = useParams({ strict: false }) as { messageId: string };
  const message = queries.useQuery("get", "/v1/messages/{message_id}", { params: { path: { message_id: messageId } } });
  return (
    <Page title={message.data?.address ? addressOf(message.data) : t("messages.one")} parent={{ to: "/app/messages", label: t("messages.title") }}>
      <Answered of={message}>
        {(found) => (
          <>
            {found.chain && <MessageSteps chain={found.chain} />}
            <Whole message={found} />
          </>
        )}
      </Answered>
    </Page>
  );
}

function Whole({ message }: { message: Schemas["AnyMessage"] }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { time, number, money } = useFormats();
  const steps = message.chain?.steps ?? [];
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Card withBorder>
        <Stack gap="xs">
          <Group>
            <StateBadge state={message.state} />
            <Text>{channelName(message.channel)}</Text>
          </Group>
          <Text>
            {t("wizard.sender")}: {inFull(message.sender ?? "–")}
          </Text>
          <Text>
            {t("messages.at")}: {time(message.created_at)}
          </Text>
          {message.channel === "sms" && message.parts != null && (
            <Text>
              {t("report.parts")}: {number(message.parts)}
            </Text>
          )}
          {message.cost && (
            <Text>
              {t("report.cost")}: {money(message.cost)}
            </Text>
          )}
          {!GOES_WELL.includes(message.state ?? "") && (
            <div>
              {message.meaning && <Text>{message.meaning}</Text>}
              {answeredBy(message) && (
                <Text c={message.meaning ? "dimmed" : undefined} style={{ overflowWrap: "anywhere" }}>
                  {t("messages.code")}: {answeredBy(message)}
                </Text>
              )}
            </div>
          )}
          {message.campaign_id && (
            <Anchor component={Link} to={`/app/campaigns/${message.campaign_id}`}>
              {t("messages.campaign")}
            </Anchor>
          )}
          {message.contact_id && (
            <Anchor component={Link} to={`/app/contacts/${message.contact_id}`}>
              {t("messages.contact")}
            </Anchor>
          )}
          <TakeBack message={message} />
        </Stack>
      </Card>
      <Card withBorder component="section">
        <Title order={2} size="h4" mb="sm">
          {t("messages.timeline")}
        </Title>
        <Timeline bulletSize={14} lineWidth={2} styles={{ itemTitle: { lineHeight: 1.4 } }} active={message.timeline.length}>
          {message.timeline.map((event, place) => {
            const step = steps.find((one) => one.place === event.step);
            return (
              <Timeline.Item key={`${event.at}${event.kind}${place}`} title={event.text}>
                <Text size="sm">
                  {time(event.at)}
                  {step && ` · ${step.place}. ${channelName(step.channel)}`}
                </Text>
                <Code of={{ ...event, detail: event.detail ?? event.url }} />
              </Timeline.Item>
            );
          })}
        </Timeline>
      </Card>
    </SimpleGrid>
  );
}
