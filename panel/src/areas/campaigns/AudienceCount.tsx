import { Alert, Anchor, Card, Stack, Table, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, bodyOf, type Schemas } from "@/api/client";
import { NobodyReached } from "@/areas/campaigns/NobodyReached";
import { isByPhone } from "@/kit/channel";
import { Answered } from "@/kit/States";
import { useFormats } from "@/kit/times";

const REASONS = ["excluded", "without_address", "archived", "without_consent", "capped", "not_proved"] as const;

interface AudienceCountProps {
  channel: Schemas["AudienceCount"]["channel"];
  audience: Schemas["Audience"];
  /** Keeps the draft, before somebody is led to where an audience that reaches nobody is mended. */
  keep?: () => Promise<unknown>;
}

/** How many an audience reaches now, and for each reason how many it does not. */
export function AudienceCount({ channel, audience, keep }: AudienceCountProps) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const isEmpty = !audience.groups?.length && !audience.segments?.length && !audience.follow_up;
  const count = useAudienceCount(channel, audience, !isEmpty);
  return (
    <Card withBorder aria-live="polite">
      <Stack gap="xs">
        <Title order={2} size="h4">
          {t("audience.title")}
        </Title>
        {isEmpty ? (
          <Text>{t("audience.empty")}</Text>
        ) : (
          <Answered of={count}>
            {(found) => (
              <>
                <Text fz={36} fw={700} lh={1}>
                  {number(found.reachable)}
                </Text>
                <Text>{t("audience.reached", { count: found.reachable, total: number(found.total) })}</Text>
                <LeftOut found={found} channel={channel} />
                {found.not_proved ? <OnTrial found={found} /> : <NobodyReached found={found} channel={channel} keep={keep} />}
              </>
            )}
          </Answered>
        )}
      </Stack>
    </Card>
  );
}

export function useAudienceCount(channel: AudienceCountProps["channel"], audience: Schemas["Audience"], isAsked: boolean) {
  const body = { channel, audience };
  return useQuery({
    queryKey: ["audience", body],
    queryFn: () => bodyOf(api.POST("/v1/audiences/count", { body })),
    enabled: isAsked,
    placeholderData: keepPreviousData,
  });
}

/** Of an audience that a trial does not reach: what that means, and where addresses are confirmed. */
function OnTrial({ found }: { found: Schemas["AudienceBreakdown"] }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  return (
    <Alert color="orange" variant="light">
      {t("audience.onTrial", { reachable: number(found.reachable), total: number(found.reachable + found.not_proved) })}{" "}
      <Anchor component={Link} to="/app/account/trial" underline="always" inherit>
        {t("shell.trialNumbers")}
      </Anchor>
    </Alert>
  );
}

function LeftOut({ found, channel }: { found: Schemas["AudienceBreakdown"]; channel: string }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const reasons = REASONS.filter((reason) => found[reason] > 0);
  if (reasons.length === 0) return null;
  return (
    <>
      <Text fw={600}>{t("audience.leftOut")}</Text>
      <Table withRowBorders={false} verticalSpacing={2}>
        <Table.Tbody>
          {reasons.map((reason) => (
            <Table.Tr key={reason}>
              <Table.Td>{t(`audience.${reason === "without_address" && isByPhone(channel) ? "without_phone" : reason}`)}</Table.Td>
              <Table.Td ta="right">{number(found[reason])}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}
