import { Anchor, Card, Stack, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { useChannelName } from "@/kit/channel";
import { type Column, DataTable } from "@/kit/DataTable";
import { Figures } from "@/kit/Figures";
import { Answered } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Step = Schemas["CampaignStepFigures"];
const LIVE_MS = 3_000;
const COUNTS = ["sent", "reached", "failed", "impossible", "timed_out", "unknown", "saved"] as const;

/** What each step of a campaign over several channels has done, in people; each leads to its channel's own report. */
export function ChainReport({ campaignId }: { campaignId: string }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { number, money } = useFormats();
  const params = { path: { campaign_id: campaignId } };
  const report = queries.useQuery("get", "/v1/campaigns/{campaign_id}/steps", { params }, { refetchInterval: LIVE_MS });
  const columns: Column<Step>[] = [
    {
      name: "step",
      header: t("messages.step"),
      cell: (one) => {
        const name = `${one.place}. ${channelName(one.channel)}`;
        return one.campaign_id ? (
          <Anchor component={Link} to={`/app/campaigns/${one.campaign_id}`}>
            {name}
          </Anchor>
        ) : (
          name
        );
      },
    },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    ...COUNTS.map((name): Column<Step> => ({ name, header: t(`chain.counts.${name}`), cell: (one) => number(one[name]), isNumber: true })),
    { name: "cost", header: t("report.cost"), cell: (one) => one.cost && money(one.cost), isNumber: true },
  ];
  return (
    <Answered of={report}>
      {({ recipients, reached_by, by_state, steps, cost }) => (
        <Stack>
          <Figures
            of={[
              { label: t("report.recipients"), value: number(recipients) },
              ...Object.entries(reached_by).map(([channel, people]) => ({ label: t("chain.reachedBy", { channel: channelName(channel) }), value: number(people) })),
              { label: t("chain.notReached"), value: number(by_state.not_reached ?? 0) },
              ...(cost ? [{ label: t("report.cost"), value: money(cost) }] : []),
            ]}
          />
          <Card withBorder component="section">
            <Title order={2} size="h4" mb="sm">
              {t("messages.steps")}
            </Title>
            <DataTable label={t("messages.steps")} columns={columns} rows={steps} keyOf={(one) => String(one.place)} />
          </Card>
        </Stack>
      )}
    </Answered>
  );
}
