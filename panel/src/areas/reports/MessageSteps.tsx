import { Card, Group, Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { Code } from "@/areas/reports/Code";
import { useAddress } from "@/areas/reports/useAddress";
import { useMe } from "@/areas/session/me";
import { useChannelName } from "@/kit/channel";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { type Column, DataTable } from "@/kit/DataTable";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Chain = Schemas["MessageChain"];
type Step = Schemas["ChainStep"];

/** The steps of a message over several channels; while it runs, what has not left can be cancelled. */
export function MessageSteps({ chain }: { chain: Chain }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const addressOf = useAddress();
  const { time, money } = useFormats();
  const columns: Column<Step>[] = [
    { name: "step", header: t("messages.step"), cell: (one) => `${one.place}. ${channelName(one.channel)}` },
    {
      name: "state",
      header: t("campaigns.state"),
      cell: (one) => (
        <>
          <StateBadge state={one.state} />
          <Code of={one} />
        </>
      ),
    },
    { name: "address", header: t("messages.address"), cell: (one) => one.address && addressOf(one) },
    { name: "left", header: t("messages.left"), cell: (one) => one.sent_at && time(one.sent_at) },
    { name: "cost", header: t("report.cost"), cell: (one) => one.cost && money(one.cost), isNumber: true, isOptional: true },
  ];
  return (
    <Card withBorder component="section">
      <Stack>
        <Group justify="space-between">
          <Group>
            <Title order={2} size="h4">
              {t("messages.steps")}
            </Title>
            <StateBadge state={chain.state} />
          </Group>
          <Cancel chain={chain} />
        </Group>
        <DataTable label={t("messages.steps")} columns={columns} rows={chain.steps} keyOf={(one) => `${one.place}`} />
      </Stack>
    </Card>
  );
}

/** Only where the API would do it: a chain that runs, for whoever may send on each of its channels. */
function Cancel({ chain }: { chain: Chain }) {
  const { t } = useTranslation();
  const { allowed } = useMe();
  const cancel = async () => {
    await api.POST("/v1/message-chains/{chain_id}/cancel", { params: { path: { chain_id: chain.id } } });
    await askedAgain();
  };
  if (chain.state !== "running" || !chain.steps.every(({ channel }) => allowed.includes(`${channel}.send`))) return null;
  return <ConfirmButton size="xs" label={t("messages.cancel")} question={t("messages.cancelAsk")} act={cancel} />;
}
