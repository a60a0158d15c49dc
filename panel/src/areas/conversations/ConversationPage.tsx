import { Anchor, Badge, Group, Paper, Stack, Text } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type Said, useTogether, withPhone } from "@/areas/conversations/heard";
import { Reply } from "@/areas/conversations/Reply";
import { useChannelName } from "@/kit/channel";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { inFull } from "@/kit/phone";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

const LIVE_MS = 5_000;

/** What one phone wrote and what was written to it, on all channels, the newest first. */
export function ConversationPage() {
  const { t } = useTranslation();
  const { phone } = useParams({ strict: false }) as { phone: string };
  const { search } = useListSearch();
  const said = useTogether({ key: ["conversation", phone], lists: withPhone(phone), at: search.cursor, everyMs: LIVE_MS });
  return (
    <Page title={inFull(phone)} parent={{ to: "/app/conversations", label: t("conversations.title") }}>
      <Answered of={said}>
        {({ items, next_cursor }) => (
          <>
            {!search.cursor && <Reply to={items.find((one) => one.direction === "received")} />}
            {items.length === 0 ? (
              <Empty title={t("conversations.nothing")} />
            ) : (
              <Stack component="ol" gap="sm" p={0} m={0} maw={720} style={{ listStyle: "none" }}>
                {items.map((one) => (
                  <OneSaid key={`${one.direction}${one.key}`} said={one} />
                ))}
              </Stack>
            )}
            <Pager cursor={search.cursor} next={next_cursor} />
          </>
        )}
      </Answered>
    </Page>
  );
}

function OneSaid({ said }: { said: Said }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { time } = useFormats();
  const isReceived = said.direction === "received";
  return (
    <Paper component="li" withBorder p="sm" maw="85%" style={{ alignSelf: isReceived ? "flex-start" : "flex-end" }}>
      <Group gap="xs">
        <Text size="sm" fw={600}>
          {t(isReceived ? "conversations.received" : "conversations.sent", { number: inFull(said.number), channel: channelName(said.channel) })}
        </Text>
        {said.wish && (
          <Badge variant="light" color={said.wish === "stop" ? "red" : "teal"} tt="none" autoContrast>
            {t(`conversations.wishes.${said.wish}`, { channel: channelName(said.channel) })}
          </Badge>
        )}
        {!isReceived && <StateBadge state={said.state} />}
      </Group>
      {(isReceived || said.text !== null) && <Text style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{said.text ?? t("conversations.unreadable")}</Text>}
      {said.missingParts.length > 0 && <Text size="sm">{t("conversations.missing", { parts: said.missingParts.join(", ") })}</Text>}
      <Group gap="xs">
        <Text size="sm">{time(said.at)}</Text>
        {said.isAutomatic && <Text size="sm">{t("conversations.automatic")}</Text>}
        {said.messageId && (
          <Anchor component={Link} to={`/app/messages/${said.messageId}`} size="sm" underline="always">
            {t(isReceived ? "conversations.answers" : "conversations.whatBecame")}
          </Anchor>
        )}
      </Group>
    </Paper>
  );
}
