import { Button, Card, Code, Group, ScrollArea, Stack, Table, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { useMutation } from "@tanstack/react-query";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { Copy } from "@/kit/Copy";
import { ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

/** A domain with the DNS records that it needs, each to be copied, and whether it was found. */
export function SenderDomain({ domain }: { domain: Schemas["SenderDomain"] }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const known = useQueryClient();
  const params = { path: { domain_id: domain.id } };
  const list = queries.queryOptions("get", "/v1/sender-domains").queryKey.slice(0, 2);
  const verify = useMutation({
    mutationFn: () => api.POST("/v1/sender-domains/{domain_id}/verify", { params }),
    onSettled: () => known.invalidateQueries({ queryKey: list }),
  });
  const remove = async () => {
    await api.DELETE("/v1/sender-domains/{domain_id}", { params });
    await known.invalidateQueries({ queryKey: list });
  };
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between">
          <Group gap="xs">
            <Text fw={600}>{domain.domain}</Text>
            <StateBadge state={domain.state} />
          </Group>
          <Group gap="xs">
            <Button size="xs" variant="default" loading={verify.isPending} onClick={() => verify.mutate()}>
              {t("senders.check")}
            </Button>
            <ConfirmButton size="xs" label={t("act.delete")} question={t("senders.deleteAsk", { domain: domain.domain })} act={remove} />
          </Group>
        </Group>
        <ProblemAlert error={verify.error} />
        {domain.checked_at && <Text size="sm">{t("senders.checkedAt", { time: time(domain.checked_at) })}</Text>}
        <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: "region", "aria-label": t("senders.records", { domain: domain.domain }) }}>
          <Table verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("senders.purpose")}</Table.Th>
                <Table.Th>{t("senders.type")}</Table.Th>
                <Table.Th>{t("senders.name")}</Table.Th>
                <Table.Th>{t("senders.value")}</Table.Th>
                <Table.Th>{t("senders.found")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {domain.records.map((record) => (
                <Table.Tr key={`${record.purpose}${record.name}`}>
                  <Table.Td>{record.purpose}</Table.Td>
                  <Table.Td>{record.type}</Table.Td>
                  <Table.Td>
                    <Copied text={record.name} />
                  </Table.Td>
                  <Table.Td>
                    <Copied text={record.value} />
                  </Table.Td>
                  <Table.Td>{record.found == null ? "–" : t(record.found ? "senders.yes" : "senders.no")}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea>
      </Stack>
    </Card>
  );
}

function Copied({ text }: { text: string }) {
  return (
    <Group gap={6} wrap="nowrap">
      <Code style={{ maxWidth: 280, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }} title={text}>
        {text}
      </Code>
      <Copy text={text} />
    </Group>
  );
}
