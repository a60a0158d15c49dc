import { Alert, Button, Card, Group, Stack, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { CampaignProgress } from "@/areas/campaigns/CampaignProgress";
import type { Campaign } from "@/areas/campaigns/draft";
import { Summary } from "@/areas/campaigns/Summary";
import { ChainReport } from "@/areas/reports/ChainReport";
import { useAllowed } from "@/areas/session/me";
import { useChannelName } from "@/kit/channel";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { Loading, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

// The charts are as large as all the rest.
const Report = lazy(() => import("@/areas/reports/CampaignReport"));

type Act = "pause" | "resume" | "cancel" | "unschedule" | "approve";

/** A campaign that is under way or over: how far it is, what can still be done, and its report. */
export function CampaignStatus({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { time } = useFormats();
  const mayRead = useAllowed("reports.read");
  const hasBegun = campaign.started_at !== null;
  return (
    <Stack>
      <Card withBorder>
        <Stack gap="sm" aria-live="polite">
          <Group justify="space-between">
            <Group gap="sm">
              <StateBadge state={campaign.state} />
              <Text>{campaign.steps ? campaign.steps.map((one) => channelName(one.channel)).join(" → ") : channelName(campaign.channel)}</Text>
              <Text>
                {campaign.started_at
                  ? t("campaigns.startedAt", { time: time(campaign.started_at) })
                  : campaign.send_at && t("campaigns.startsAt", { time: time(campaign.send_at) })}
              </Text>
            </Group>
            <Acts campaign={campaign} />
          </Group>
          {campaign.failure && (
            <Alert color="red" variant="light">
              {campaign.failure.detail}
            </Alert>
          )}
          {campaign.approval && !campaign.approval.is_given && (
            <Alert color="orange" variant="light">
              {t("campaigns.approvalWanted")}
            </Alert>
          )}
          {hasBegun && <CampaignProgress campaign={campaign} />}
        </Stack>
      </Card>
      {!hasBegun && <Summary campaign={campaign} />}
      {hasBegun && mayRead && (
        <Suspense fallback={<Loading />}>
          {campaign.steps ? <ChainReport campaignId={campaign.id} /> : <Report campaign={campaign} />}
        </Suspense>
      )}
    </Stack>
  );
}

function Acts({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [problem, setProblem] = useState<unknown>(null);
  const mayAct = useAllowed(`${campaign.channel}.campaigns.send`);
  const mayWrite = useAllowed(`${campaign.channel}.campaigns.write`);
  const mayApprove = useAllowed(`${campaign.channel}.campaigns.approve`);
  const params = { path: { campaign_id: campaign.id } };
  const ask = async (act: Act) => {
    setProblem(null);
    await api.POST(`/v1/campaigns/{campaign_id}/${act}`, { params });
    await askedAgain();
  };
  const duplicate = async () => {
    const draft = await bodyOf(api.POST("/v1/campaigns/{campaign_id}/duplicate", { params, body: {} }));
    await navigate({ to: `/app/campaigns/${draft.id}` });
  };
  const button = (label: string, act: () => Promise<unknown>) => (
    <Button size="xs" variant="default" onClick={() => void act().catch(setProblem)}>
      {label}
    </Button>
  );
  const { state } = campaign;
  const waits = campaign.approval !== null && !campaign.approval.is_given;
  return (
    <>
      <Group gap="xs">
        {mayApprove && waits && button(t("campaigns.approve"), () => ask("approve"))}
        {mayAct && state === "sending" && button(t("campaigns.pause"), () => ask("pause"))}
        {mayAct && state === "paused" && button(t("campaigns.resume"), () => ask("resume"))}
        {mayAct && state === "scheduled" && button(t("campaigns.unschedule"), () => ask("unschedule"))}
        {mayAct && ["scheduled", "sending", "paused"].includes(state) && (
          <ConfirmButton size="xs" label={t("campaigns.cancel")} question={t("campaigns.cancelAsk", { name: campaign.name })} act={() => ask("cancel")} />
        )}
        {mayWrite && button(t("campaigns.duplicate"), duplicate)}
      </Group>
      <ProblemAlert error={problem} />
    </>
  );
}
