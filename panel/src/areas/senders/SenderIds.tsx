import { Button, Card, Stack, Table, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, queries } from "@/api/client";
import { Ask } from "@/areas/senders/Ask";
import { Answered, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";

const EVERY = { params: { query: { limit: 100 } } };

/** Names that SMS come from. */
export function SenderIds() {
  const { t } = useTranslation();
  const known = useQueryClient();
  const [problem, setProblem] = useState<unknown>(null);
  const ids = queries.useQuery("get", "/v1/sender-ids", EVERY);
  const accept = async (senderId: string) => {
    setProblem(null);
    await api.POST("/v1/sender-ids/{sender_id}/accept", { params: { path: { sender_id: senderId } } }).catch(setProblem);
    await known.invalidateQueries();
  };
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
              <Table>
                <Table.Tbody>
                  {items.map((one) => (
                    <Table.Tr key={one.id}>
                      <Table.Td fw={600}>{one.sender}</Table.Td>
                      <Table.Td>
                        <StateBadge state={one.state} />
                        {one.reason && one.state === "rejected" && <Text size="sm">{one.reason}</Text>}
                      </Table.Td>
                      <Table.Td ta="right">
                        {one.state === "verified" && (
                          <Button size="xs" onClick={() => void accept(one.id)}>
                            {t("senders.accept")}
                          </Button>
                        )}
                        {one.state === "requested" && <Text size="sm">{t("senders.waits")}</Text>}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
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
