import { Card, Group, Progress, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useMe } from "@/areas/session/me";
import { useChannelName } from "@/kit/channel";
import { useFormats } from "@/kit/times";

/** The plan, and what is left of it. */
export function Quota() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const me = useMe();
  const { number, day } = useFormats();
  // Mostly all channels are counted for the same time, which is then said once.
  const isOne = new Set(me.quota.map((one) => one.period_ends_at)).size === 1;
  return (
    <Card withBorder>
      <Stack>
        <Group justify="space-between">
          <Title order={2} size="h4">
            {t("home.plan", { plan: me.plan.name })}
          </Title>
          {me.plan_ends_at && <Text size="sm">{t("home.planEnds", { day: day(me.plan_ends_at) })}</Text>}
        </Group>
        {me.quota.map((one) => (
          <div key={one.feature}>
            <Group justify="space-between">
              <Text>{channelName(one.feature)}</Text>
              <Text size="sm">
                {one.limit == null
                  ? t("home.unlimited", { used: number(one.used) })
                  : t("home.left", { left: number(one.remaining), limit: number(one.limit) })}
              </Text>
            </Group>
            {one.limit != null && (
              <Progress
                value={(100 * ((one.limit ?? 0) - (one.remaining ?? 0))) / Math.max(one.limit, 1)}
                aria-label={t("home.usedOf", { feature: channelName(one.feature) })}
                color={(one.remaining ?? 0) < one.limit / 10 ? "red" : "sea"}
              />
            )}
            {!isOne && <Text size="sm">{t("home.period", { day: day(one.period_ends_at) })}</Text>}
          </div>
        ))}
        {isOne && <Text size="sm">{t("home.period", { day: day(me.quota[0]?.period_ends_at) })}</Text>}
      </Stack>
    </Card>
  );
}
