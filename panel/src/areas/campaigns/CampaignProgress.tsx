import { Progress, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { useFormats } from "@/kit/times";

/** How far a campaign is: what its channel has taken of those who are to get it. */
export function CampaignProgress({ campaign }: { campaign: Pick<Schemas["CampaignSummaryPage"]["items"][number], "progress"> }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { recipients, submitted, failed, to_come } = campaign.progress;
  const done = submitted + failed;
  const whole = done + (to_come ?? 0);
  return (
    <div>
      <Progress
        value={whole ? (100 * done) / whole : 0}
        striped={to_come !== 0}
        animated={to_come !== 0}
        aria-label={t("campaigns.progress")}
      />
      <Text size="sm">
        {recipients == null ? t("campaigns.counting") : t("campaigns.doneOf", { done: number(done), total: number(recipients) })}
      </Text>
    </div>
  );
}
