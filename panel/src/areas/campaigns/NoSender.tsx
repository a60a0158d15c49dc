import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";

/** Where there is no name to send an SMS by: whether one was asked for, and where that is done. */
export function NoSender() {
  const { t } = useTranslation();
  const asked = queries.useQuery("get", "/v1/sender-ids", { params: { query: { limit: 1 } } });
  const waiting = asked.data?.items[0];
  return (
    <Text>
      {waiting ? t("wizard.senderWaits", { sender: waiting.sender }) : t("wizard.noSender")}{" "}
      <Anchor component={Link} to="/app/senders" underline="always">
        {t("nav.senders")}
      </Anchor>
    </Text>
  );
}
