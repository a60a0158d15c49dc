import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useAudienceCount } from "@/areas/campaigns/AudienceCount";
import type { Campaign } from "@/areas/campaigns/draft";
import { smsOf } from "@/areas/campaigns/gist";
import { SmsPrices } from "@/areas/campaigns/SmsParts";
import { useChannelName } from "@/kit/channel";
import { ConfirmWindow } from "@/kit/ConfirmButton";
import { momentIn } from "@/kit/moments";
import { Answered } from "@/kit/States";
import { useFormats } from "@/kit/times";

interface SendQuestionProps {
  campaign: Campaign;
  /** By the account's clock; null for at once. */
  at: string | null;
  close: () => void;
  isRunning: boolean;
  confirm: () => void;
}

/** Asked once before a campaign goes out: when, how, to how many people, and what it costs where that is known. */
export function SendQuestion({ campaign, at, close, isRunning, confirm }: SendQuestionProps) {
  const { t } = useTranslation();
  const { number, time, timeZone } = useFormats();
  const channelName = useChannelName();
  const { name, channel, audience, steps } = campaign;
  const count = useAudienceCount(channel, audience, true);
  const how = (steps ?? [campaign]).map((one) => channelName(one.channel)).join(" → ");
  return (
    <ConfirmWindow label={t(at ? "when.schedule" : "when.send")} opened close={close} isRunning={isRunning} confirm={count.isPending ? null : confirm}>
      <Text>{at ? t("when.scheduleAsk", { name, channel: how, time: time(momentIn(timeZone, at)) }) : t("when.sendAsk", { name, channel: how })}</Text>
      <Answered of={count}>
        {({ reachable, total }) => (
          <Text fw={600}>
            {number(reachable)} {t("audience.reached", { count: reachable, total: number(total) })}
          </Text>
        )}
      </Answered>
      {channel === "sms" && !steps && <SmsPrices {...smsOf(campaign)} />}
    </ConfirmWindow>
  );
}
