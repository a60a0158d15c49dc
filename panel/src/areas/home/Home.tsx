import { Anchor, Card, Group, List, Progress, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { useAllowed, useMe } from "@/areas/session/me";
import { CampaignProgress } from "@/areas/campaigns/CampaignProgress";
import { useChannelName } from "@/kit/channel";
import { Figures } from "@/kit/Figures";
import { LinkButton } from "@/kit/LinkButton";
import { Page } from "@/kit/Page";
import { Answered, Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

const LIVE_MS = 3_000;
const SHOWN = 6;
const GOING_ON = ["sending", "scheduled", "paused", "draft"];

/** What runs now, what the month brought, and what is left of the plan. */
export function Home() {
  const { t } = useTranslation();
  const me = useMe();
  const mayRead = useAllowed("reports.read");
  return (
    <Page
      title={t("home.title", { name: me.name || me.login })}
      actions={<LinkButton to="/app/campaigns/new">{t("campaigns.new")}</LinkButton>}
    >
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Campaigns />
        <Quota quota={me.quota} />
      </SimpleGrid>
      {mayRead && <Month />}
    </Page>
  );
}

function Campaigns() {
  const { t } = useTranslation();
  const campaigns = queries.useQuery(
    "get",
    "/v1/campaigns",
    { params: { query: { limit: 30 } } },
    { refetchInterval: LIVE_MS },
  );
  return (
    <Card withBorder>
      <Stack>
        <Title order={2} size="h4">
          {t("home.now")}
        </Title>
        <Answered of={campaigns}>
          {({ items }) => {
            const shown = [...items]
              .sort((a, b) => place(a.state) - place(b.state))
              .slice(0, SHOWN);
            return shown.length === 0 ? <FirstSteps /> : shown.map((one) => <Line key={one.id} campaign={one} />);
          }}
        </Answered>
      </Stack>
    </Card>
  );
}

function place(state: string): number {
  const found = GOING_ON.indexOf(state);
  return found < 0 ? GOING_ON.length : found;
}

function Line({ campaign }: { campaign: Schemas["CampaignSummaryPage"]["items"][number] }) {
  return (
    <div>
      <Group justify="space-between" wrap="nowrap">
        <Anchor component={Link} to={`/app/campaigns/${campaign.id}`} lineClamp={1}>
          {campaign.name}
        </Anchor>
        <StateBadge state={campaign.state} />
      </Group>
      {campaign.state === "sending" && <CampaignProgress campaign={campaign} />}
    </div>
  );
}

function FirstSteps() {
  const { t } = useTranslation();
  return (
    <Empty title={t("home.firstTitle")}>
      <List type="ordered" ta="left" spacing={4} component="ol">
        <List.Item>
          <Anchor component={Link} to="/app/imports/new" underline="always">
            {t("home.firstImport")}
          </Anchor>
        </List.Item>
        <List.Item>
          <Anchor component={Link} to="/app/senders" underline="always">
            {t("home.firstSender")}
          </Anchor>
        </List.Item>
        <List.Item>
          <Anchor component={Link} to="/app/campaigns/new" underline="always">
            {t("home.firstCampaign")}
          </Anchor>
        </List.Item>
      </List>
    </Empty>
  );
}

function Quota({ quota }: { quota: ReturnType<typeof useMe>["quota"] }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const me = useMe();
  const { number, day } = useFormats();
  return (
    <Card withBorder>
      <Stack>
        <Group justify="space-between">
          <Title order={2} size="h4">
            {t("home.plan", { plan: me.plan.name })}
          </Title>
          {me.plan_ends_at && <Text size="sm">{t("home.planEnds", { day: day(me.plan_ends_at) })}</Text>}
        </Group>
        {quota.map((one) => (
          <div key={one.feature}>
            <Group justify="space-between">
              <Text>{channelName(one.feature)}</Text>
              <Text size="sm">
                {one.limit == null
                  ? t("home.unlimited", { used: number(one.used) })
                  : t("home.left", { left: number(one.remaining), limit: number(one.limit) })}
              </Text>
            </Group>
            {one.limit != null && (
              <Progress
                value={(100 * ((one.limit ?? 0) - (one.remaining ?? 0))) / Math.max(one.limit, 1)}
                aria-label={t("home.usedOf", { feature: one.feature })}
                color={(one.remaining ?? 0) < one.limit / 10 ? "red" : "sea"}
              />
            )}
            <Text size="sm">{t("home.period", { day: day(one.period_ends_at) })}</Text>
          </div>
        ))}
      </Stack>
    </Card>
  );
}

function Month() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { number, percent } = useFormats();
  const [from] = useState(() => new Date(Date.now() - 30 * 86_400_000).toISOString().slice(0, 10));
  const statistics = queries.useQuery("get", "/v1/statistics", { params: { query: { from } } });
  return (
    <Stack gap="sm">
      <Title order={2} size="h4">
        {t("home.month")}
      </Title>
      <Answered of={statistics}>
        {({ totals }) =>
          totals.length === 0 ? (
            <Text>{t("home.nothingYet")}</Text>
          ) : (
            <Stack>
              {totals.map(({ channel, counts, rates }) => (
                <div key={channel}>
                  <Text fw={600} mb={4}>
                    {channelName(channel)}
                  </Text>
                  <Figures
                    of={[
                      { label: t("report.sent"), value: number(counts.sent ?? counts.submitted) },
                      { label: t("report.delivered"), value: number(counts.delivered), note: percent(rates.delivery_rate) },
                      { label: t("report.clicks"), value: number(counts.unique_clicks), note: percent(rates.click_rate) },
                      ...(channel === "email"
                        ? [
                            { label: t("report.opens"), value: number(counts.unique_opens), note: percent(rates.open_rate) },
                            { label: t("report.unsubscribes"), value: number(counts.unsubscribes) },
                          ]
                        : [{ label: t("report.parts"), value: number(counts.parts) }]),
                    ]}
                  />
                </div>
              ))}
            </Stack>
          )
        }
      </Answered>
    </Stack>
  );
}
