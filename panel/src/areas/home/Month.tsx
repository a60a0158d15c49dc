import { Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { useFigures } from "@/areas/reports/useFigures";
import { CHANNELS, useChannelName } from "@/kit/channel";
import { Figures } from "@/kit/Figures";
import { Answered } from "@/kit/States";
import { useFormats } from "@/kit/times";

/** The figures of the last thirty days, channel by channel. */
export function Month() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { number } = useFormats();
  const figures = useFigures();
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
              {inOrder(totals).map(({ channel, counts, rates }) => (
                <div key={channel}>
                  <Text fw={600} mb={4}>
                    {channelName(channel)}
                  </Text>
                  <Figures of={[{ label: t("report.sent"), value: number(sentOf(channel, counts)) }, ...figures(channel, counts, rates)]} />
                </div>
              ))}
            </Stack>
          )
        }
      </Answered>
    </Stack>
  );
}

/** As channels stand everywhere else. */
function inOrder<Of extends { channel: string }>(totals: Of[]): Of[] {
  const place = ({ channel }: Of) => CHANNELS.findIndex((one) => one === channel);
  return [...totals].sort((one, other) => place(one) - place(other));
}

/** How many left: each channel's own word for it. */
function sentOf(channel: string, counts: Schemas["ReportCounts"]): number {
  return channel === "email" ? counts.sent : channel === "push" ? counts.accepted : counts.submitted;
}
