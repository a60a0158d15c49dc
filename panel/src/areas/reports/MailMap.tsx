import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, bodyOf } from "@/api/client";
import { MailFrame } from "@/areas/campaigns/MailFrame";
import { SAMPLE } from "@/areas/campaigns/usePreview";
import { type ClickedLink, linksOnMail } from "@/areas/reports/linksOnMail";
import { useFormats } from "@/kit/times";

/** The mail as it was sent, with each link's part of the clicks on it. */
export function MailMap({ campaignId, links }: { campaignId: string; links: ClickedLink[] }) {
  const { t } = useTranslation();
  const { number, percent } = useFormats();
  const params = { path: { campaign_id: campaignId } };
  const mail = useQuery({
    queryKey: ["mail", campaignId],
    queryFn: () => bodyOf(api.POST("/v1/campaigns/{campaign_id}/preview", { params, body: { sample: { address: "", fields: SAMPLE } } })),
    staleTime: Infinity,
    retry: false,
  });
  const html = (mail.data?.rendered as { html?: string } | undefined)?.html;
  if (!html) return null;
  const words = (link: ClickedLink, share: number) => `${number(link.unique_clicks)} · ${percent(share)}`;
  return (
    <>
      <Text size="sm" mt="sm">
        {t("report.mapHint")}
      </Text>
      <MailFrame title={t("report.map")} html={linksOnMail(html, links, words)} width={720} />
    </>
  );
}
