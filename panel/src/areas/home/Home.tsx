import { Anchor, Card, Group, List, SimpleGrid, Stack, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { useAllowed, useMe } from "@/areas/session/me";
import { CampaignProgress } from "@/areas/campaigns/CampaignProgress";
import { Month } from "@/areas/home/Month";
import { Needs } from "@/areas/home/Needs";
import { Quota } from "@/areas/home/Quota";
import { LinkButton } from "@/kit/LinkButton";
import { Page } from "@/kit/Page";
import { Answered, Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";

const LIVE_MS = 3_000;
const SHOWN = 6;
const GOING_ON = ["sending", "scheduled", "paused", "draft"];

/** What needs me, what runs now, what is left of the plan, and what the month brought. */
export function Home() {
  const { t } = useTranslation();
  const me = useMe();
  const mayRead = useAllowed("reports.read");
  return (
    <Page
      title={t("home.title", { name: me.name || me.login })}
      actions={<LinkButton to="/app/campaigns/new">{t("campaigns.new")}</LinkButton>}
    >
      <Needs />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Campaigns />
        <Quota />
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
        <Anchor component={Link} to={`/app/campaigns/${campaign.id}`} style={{ overflowWrap: "anywhere" }}>
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
  const { account_state } = useMe();
  return (
    <Empty title={t("home.firstTitle")}>
      <List type="ordered" ta="left" spacing={4} component="ol">
        <List.Item>
          <Anchor component={Link} to="/app/imports/new" underline="always">
            {t("home.firstImport")}
          </Anchor>
        </List.Item>
        {account_state === "trial" && (
          <List.Item>
            <Anchor component={Link} to="/app/account/trial" underline="always">
              {t("home.firstTrial")}
            </Anchor>
          </List.Item>
        )}
        <List.Item>
          {t("home.firstChannels")}
          <List withPadding>
            <List.Item>
              <Anchor component={Link} to="/app/senders" underline="always">
                {t("home.firstSender")}
              </Anchor>
            </List.Item>
            <List.Item>
              <Anchor component={Link} to="/app/senders" search={{ channel: "email" } as never} underline="always">
                {t("home.firstDomain")}
              </Anchor>
            </List.Item>
          </List>
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
