import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { CampaignStatus } from "@/areas/campaigns/CampaignStatus";
import { CampaignWizard } from "@/areas/campaigns/CampaignWizard";
import { Edited } from "@/kit/Edited";
import { Page } from "@/kit/Page";
import { Answered } from "@/kit/States";

const LIVE_MS = 2_000;
const GOING_ON = new Set(["scheduled", "sending", "paused"]);

/** A draft is worked on in three steps; what has been scheduled is watched. */
export function CampaignPage() {
  const { t } = useTranslation();
  const { campaignId } = useParams({ strict: false }) as { campaignId: string };
  const campaign = queries.useQuery(
    "get",
    "/v1/campaigns/{campaign_id}",
    { params: { path: { campaign_id: campaignId } } },
    { refetchInterval: (query) => (GOING_ON.has(query.state.data?.state ?? "") ? LIVE_MS : false) },
  );
  return (
    <Page title={campaign.data?.name ?? t("campaigns.title")} parent={{ to: "/app/campaigns", label: t("campaigns.title") }}>
      <Answered of={campaign}>
        {(found) => (found.state === "draft" ? <Edited of={campaign}>{(draft) => <CampaignWizard campaign={draft} />}</Edited> : <CampaignStatus campaign={found} />)}
      </Answered>
    </Page>
  );
}
