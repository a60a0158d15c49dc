import { Alert, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { Mend } from "@/areas/campaigns/Mend";
import { isByPhone } from "@/kit/channel";

const REASONS = ["without_consent", "without_address", "archived", "capped", "excluded"] as const;
/** Where each is mended. Who is excluded, is so by the fields beside it. */
const WAYS = {
  empty: [["/app/imports/new", "imports"]],
  without_consent: [["/app/imports/new", "consents"], ["/app/forms", "forms"]],
  without_address: [["/app/imports/new", "imports"]],
  archived: [["/app/archive", "archive"]],
  capped: [["/app/account", "cap"]],
  excluded: [],
} as const;

interface NobodyReachedProps {
  found: Schemas["AudienceBreakdown"];
  channel: string;
  keep?: () => Promise<unknown>;
}

/** Of an audience that reaches nobody: why, and the way to where that is mended. */
export function NobodyReached({ found, channel, keep }: NobodyReachedProps) {
  const { t } = useTranslation();
  if (found.reachable > 0) return null;
  const reasons = REASONS.filter((reason) => found[reason] > 0).sort((a, b) => found[b] - found[a]);
  const why = reasons[0] ?? "empty";
  return (
    <Alert color="orange" variant="light" title={t("mend.nobody")}>
      <Stack gap={4} align="flex-start">
        <Text size="sm">{t(`mend.nobodyWhy.${why === "without_address" && isByPhone(channel) ? "without_phone" : why}`)}</Text>
        {WAYS[why].map(([to, way]) => (
          <Mend key={way} to={to} keep={keep}>
            {t(`mend.nobodyWay.${way}`)}
          </Mend>
        ))}
      </Stack>
    </Alert>
  );
}
