import { Alert, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { Mend } from "@/areas/campaigns/Mend";
import { readyOf, troubleOf } from "@/areas/campaigns/senderTrouble";
import { useAllowed } from "@/areas/session/me";

const EVERY = { params: { query: { limit: 100 } } };

/** What mails may come from, as far as this person may see it; undefined until that is known. */
export function useMailSenders() {
  const enabled = useAllowed("email.senders");
  const domains = queries.useQuery("get", "/v1/sender-domains", EVERY, { enabled });
  const addresses = queries.useQuery("get", "/v1/sender-addresses", EVERY, { enabled });
  return domains.data && addresses.data && { domains: domains.data.items, addresses: addresses.data.items };
}

/** From where mails can leave, beside the field that asks for it. */
export function ReadySenders() {
  const { t } = useTranslation();
  const senders = useMailSenders();
  const ready = senders ? readyOf(senders.domains, senders.addresses) : [];
  return ready.length > 0 && t("wizard.domains", { domains: ready.join(", ") });
}

/** Why mails from this address would not leave, before anybody tries, with the way to where that is mended. */
export function MailSender({ email, keep }: { email: string; keep?: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const senders = useMailSenders();
  const trouble = senders && troubleOf(email, senders.domains, senders.addresses);
  if (!trouble) return null;
  return (
    <Alert color="orange" variant="light" role="status" title={t(`mend.sender.${trouble.why}`, { what: trouble.what })}>
      <Stack gap={4} align="flex-start">
        <Text size="sm">{t(`mend.senderHint.${trouble.why}`)}</Text>
        <Mend to="/app/senders" search={{ channel: "email" }} keep={keep}>
          {t(`mend.senderWay.${trouble.why}`)}
        </Mend>
      </Stack>
    </Alert>
  );
}
