import { NativeSelect, Stack, Tabs } from "@mantine/core";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import { PushApplications } from "@/areas/senders/PushApplications";
import { RcsAgents } from "@/areas/senders/RcsAgents";
import { SenderAddresses } from "@/areas/senders/SenderAddresses";
import { SenderDomains } from "@/areas/senders/SenderDomains";
import { SenderIds } from "@/areas/senders/SenderIds";
import { ViberBots } from "@/areas/senders/ViberBots";
import { WhatsappNumbers } from "@/areas/senders/WhatsappNumbers";
import { useMe } from "@/areas/session/me";
import { CHANNELS } from "@/kit/channel";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { NoRight } from "@/kit/States";

const OF: Record<(typeof CHANNELS)[number], ComponentType> = { sms: SenderIds, email: EmailSenders, push: PushApplications, whatsapp: WhatsappNumbers, viber: ViberBots, rcs: RcsAgents };

/** In whose name messages go, channel by channel; which one is shown is in the address. */
export function Senders() {
  const { t } = useTranslation();
  const { allowed } = useMe();
  const { search, change } = useListSearch();
  const shown = CHANNELS.find((channel) => channel === search.channel) ?? "sms";
  const One = OF[shown];
  const go = (channel: string | null) => change({ channel: channel ?? undefined });
  return (
    <Page title={t("senders.title")} lead={t("senders.lead")}>
      <NativeSelect
        hiddenFrom="sm"
        aria-label={t("campaigns.channel")}
        value={shown}
        onChange={(event) => go(event.currentTarget.value)}
        data={CHANNELS.map((channel) => ({ value: channel, label: t(`channel.${channel}`) }))}
      />
      <Tabs value={shown} onChange={go} activateTabWithKeyboard={false}>
        <Tabs.List mb="md" visibleFrom="sm">
          {CHANNELS.map((channel) => (
            <Tabs.Tab key={channel} value={channel}>
              {t(`channel.${channel}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={shown}>{allowed.includes(`${shown}.senders`) ? <One /> : <NoRight permission={`${shown}.senders`} />}</Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function EmailSenders() {
  return (
    <Stack>
      <SenderDomains />
      <SenderAddresses />
    </Stack>
  );
}
