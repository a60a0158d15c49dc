import { Group, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { useAllowed } from "@/areas/session/me";
import { ConfirmButton } from "@/kit/ConfirmButton";

const UNDELIVERED = ["accepted", "submitted", "deferred", "unknown"];
const AGAIN_MS = 2000;

/** Takes an RCS message back while no phone has it, and says what came of that. */
export function TakeBack({ message }: { message: Schemas["AnyMessage"] }) {
  const { t } = useTranslation();
  const known = useQueryClient();
  const mayTake = useAllowed("rcs.send");
  const params = { path: { message_id: message.id } };
  const asked = queries.useQuery("get", "/v1/rcs/{message_id}", { params }, {
    enabled: mayTake && message.channel === "rcs",
    retry: false,
    refetchInterval: ({ state }) => (state.data?.revocation === "waiting" ? AGAIN_MS : false),
  }); // prettier-ignore
  const take = async () => {
    await api.POST("/v1/rcs/{message_id}/revocation", { params });
    await askedAgain();
  };
  // Reports hear of it a moment later than the channel.
  const isBehind = asked.data?.revocation === "revoked" && UNDELIVERED.includes(message.state ?? "");
  useEffect(() => {
    if (!isBehind) return;
    const again = setInterval(() => void known.invalidateQueries({ predicate: ({ queryKey }) => queryKey[1] !== "/v1/rcs/{message_id}" }), AGAIN_MS);
    return () => clearInterval(again);
  }, [isBehind, known]);
  if (!asked.data) return null;
  const { revocation, state } = asked.data;
  if (revocation) return <Text role="status">{t(`messages.revocation.${revocation as "waiting" | "revoked" | "too_late"}`)}</Text>;
  if (!UNDELIVERED.includes(state)) return null;
  return (
    <Group>
      <ConfirmButton size="xs" label={t("messages.takeBack")} question={t("messages.takeBackAsk", { address: message.address })} act={take} />
    </Group>
  );
}
