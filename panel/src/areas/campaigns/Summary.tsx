import { Card, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Campaign } from "@/areas/campaigns/draft";
import { gistOf, smsOf } from "@/areas/campaigns/gist";
import { SmsParts } from "@/areas/campaigns/SmsParts";
import { useMe } from "@/areas/session/me";
import { useChannelName } from "@/kit/channel";
import { inFull } from "@/kit/phone";
import { useFormats } from "@/kit/times";

/** Once more what goes out, by whom, and what of the plan is left for it. */
export function Summary({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const channelName = useChannelName();
  const { quota } = useMe();
  const left = quota.find((one) => one.feature === campaign.channel);
  const sender = campaign.sender;
  return (
    <Card withBorder component="section">
      <Stack gap="xs">
        <Title order={2} size="h4">
          {t("when.summary")}
        </Title>
        {campaign.steps?.map((one, place) => (
          <Text key={place}>
            {place + 1}. {channelName(one.channel)}: {gistOf(one.content ?? {}, t("wizard.subject"))}
          </Text>
        ))}
        <Text hidden={campaign.steps !== null && campaign.steps !== undefined}>
          {t("wizard.sender")}: {sender === null ? "–" : typeof sender === "string" ? inFull(sender) : sender.from_email}
        </Text>
        {campaign.steps ? null : campaign.channel === "sms" ? (
          <>
            <Text style={{ whiteSpace: "pre-wrap" }}>{smsOf(campaign).text}</Text>
            <SmsParts {...smsOf(campaign)} />
          </>
        ) : (
          <Text>{gistOf(campaign.content, t("wizard.subject"))}</Text>
        )}
        <Text>
          {left?.limit == null ? t("when.noLimit") : t("when.quotaLeft", { left: number(left.remaining) })}
        </Text>
      </Stack>
    </Card>
  );
}
