import { Anchor, Badge, Group, Paper, Stack, Text } from "@mantine/core";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import type { Search } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

const LIVE_MS = 5_000;

/** What one phone wrote and what was written to it, the newest first. */
export function ConversationPage() {
  const { t } = useTranslation();
  const { phone } = useParams({ strict: false }) as { phone: string };
  const { number, cursor } = useSearch({ strict: false }) as Search;
  const query = { limit: 50, phone, number, cursor };
  const said = queries.useQuery("get", "/v1/inbound-sms/conversation", { params: { query } }, { refetchInterval: LIVE_MS });
  return (
    <Page title={phone} lead={number && t("conversations.with", { number })} parent={{ to: "/app/conversations", label: t("conversations.title") }}>
      <Answered of={said}>
        {({ items, next_cursor }) => (
          <>
            {items.length === 0 ? (
              <Empty title={t("conversations.nothing")} />
            ) : (
              <Stack component="ol" gap="sm" p={0} m={0} maw={720} style={{ listStyle: "none" }}>
                {items.map((one) => (
                  <OneSaid key={`${one.direction}${one.id}`} said={one} />
                ))}
              </Stack>
            )}
            <Pager cursor={cursor} next={next_cursor} />
          </>
        )}
      </Answered>
    </Page>
  );
}

function OneSaid({ said }: { said: Schemas["Said"] }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const isReceived = said.direction === "received";
  return (
    <Paper component="li" withBorder p="sm" maw="85%" style={{ alignSelf: isReceived ? "flex-start" : "flex-end" }}>
      <Group gap="xs">
        <Text size="sm" fw={600}>
          {t(isReceived ? "conversations.received" : "conversations.sent", { number: said.number })}
        </Text>
        {said.wish && (
          <Badge variant="light" color={said.wish === "stop" ? "red" : "teal"} tt="none" autoContrast>
            {t(`conversations.wishes.${said.wish}`)}
          </Badge>
        )}
        {!isReceived && <StateBadge state={said.state} />}
      </Group>
      <Text style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{said.text ?? t("conversations.unreadable")}</Text>
      {said.missing_parts.length > 0 && <Text size="sm">{t("conversations.missing", { parts: said.missing_parts.join(", ") })}</Text>}
      <Group gap="xs">
        <Text size="sm">{time(said.at)}</Text>
        {said.is_automatic && <Text size="sm">{t("conversations.automatic")}</Text>}
        {!isReceived && said.message_id && (
          <Anchor component={Link} to={`/app/messages/${said.message_id}`} size="sm" underline="always">
            {t("conversations.whatBecame")}
          </Anchor>
        )}
      </Group>
    </Paper>
  );
}
