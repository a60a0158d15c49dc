import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { Mend } from "@/areas/campaigns/Mend";
import { inFull } from "@/kit/phone";

/** Where there is no name to send an SMS by: whether one was asked for, and where that is done. */
export function NoSender({ keep }: { keep?: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const asked = queries.useQuery("get", "/v1/sender-ids", { params: { query: { limit: 1 } } });
  const waiting = asked.data?.items[0];
  return (
    <Text>
      {waiting ? t("wizard.senderWaits", { sender: inFull(waiting.sender) }) : t("wizard.noSender")}{" "}
      <Mend to="/app/senders" keep={keep}>
        {t("nav.senders")}
      </Mend>
    </Text>
  );
}
