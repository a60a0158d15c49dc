import { Button, Card, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { Ask } from "@/areas/senders/Ask";
import { StateOf } from "@/areas/senders/StateOf";
import { type Column, DataTable } from "@/kit/DataTable";
import { inFull } from "@/kit/phone";
import { Answered, ProblemAlert } from "@/kit/States";

const EVERY = { params: { query: { limit: 100 } } };

/** Names that SMS come from. */
export function SenderIds() {
  const { t } = useTranslation();
  const [problem, setProblem] = useState<unknown>(null);
  const ids = queries.useQuery("get", "/v1/sender-ids", EVERY);
  const accept = async (senderId: string) => {
    setProblem(null);
    await api.POST("/v1/sender-ids/{sender_id}/accept", { params: { path: { sender_id: senderId } } }).catch(setProblem);
    await askedAgain();
  };
  const columns: Column<Schemas["SenderId"]>[] = [
    { name: "sender", header: t("wizard.sender"), cell: (one) => <Text fw={600}>{inFull(one.sender)}</Text> },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateOf state={one.state} reason={one.reason} /> },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) =>
        one.state === "verified" ? (
          <Button size="xs" onClick={() => void accept(one.id)}>
            {t("senders.accept")}
          </Button>
        ) : (
          one.state === "requested" && <Text size="sm">{t("senders.waits")}</Text>
        ),
    },
  ];
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("senders.ids")}
        </Title>
        <Text>{t("senders.idsHint")}</Text>
        <ProblemAlert error={problem} />
        <Answered of={ids}>
          {({ items }) =>
            items.length === 0 ? (
              <Text>{t("senders.noIds")}</Text>
            ) : (
              <DataTable label={t("senders.ids")} columns={columns} rows={items} keyOf={(one) => one.id} />
            )
          }
        </Answered>
        <Ask
          fields={[{ name: "sender", label: t("senders.id"), hint: t("senders.idHint") }]}
          button={t("senders.request")}
          send={({ sender = "" }) => api.POST("/v1/sender-ids", { body: { sender } })}
        />
      </Stack>
    </Card>
  );
}
