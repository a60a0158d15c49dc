import { Alert } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";

/** Why a webhook hears nothing, where that is so. */
export function Stopped({ webhook }: { webhook: Schemas["Webhook"] }) {
  const { t } = useTranslation();
  if (webhook.enabled && !webhook.paused_at) return null;
  return (
    <Alert color={webhook.enabled ? "orange" : "gray"} variant="light">
      {t(webhook.enabled ? "webhooks.paused" : "webhooks.isOff")}
    </Alert>
  );
}
