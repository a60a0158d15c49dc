import { Alert, Button, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { lacksUnsubscribe, withUnsubscribe } from "@/areas/campaigns/unsubscribeLink";

interface NoUnsubscribeProps {
  html: string;
  mjml: string;
  put: (source: { html: string; mjml: string }) => void;
}

/** A mail that nobody could unsubscribe from is not sent: said while it is written, with the link to be had by one click. */
export function NoUnsubscribe({ html, mjml, put }: NoUnsubscribeProps) {
  const { t } = useTranslation();
  if (!lacksUnsubscribe({ html, mjml })) return null;
  return (
    <Alert mt="sm" color="orange" variant="light" role="status" title={t("mend.noUnsubscribe")}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{t("mend.noUnsubscribeHint")}</Text>
        <Button size="xs" variant="default" onClick={() => put(withUnsubscribe({ html, mjml }, t("dragDrop.unsubscribe")))}>
          {t("mend.putUnsubscribe")}
        </Button>
      </Stack>
    </Alert>
  );
}
