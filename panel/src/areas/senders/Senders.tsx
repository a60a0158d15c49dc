import { Button, Card, Group, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, queries } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { SenderDomain } from "@/areas/senders/SenderDomain";
import { Page } from "@/kit/Page";
import { Answered, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";

const EVERY = { params: { query: { limit: 100 } } };

/** In whose name messages go: domains and addresses for e-mail, sender IDs for SMS. */
export function Senders() {
  const { t } = useTranslation();
  return (
    <Page title={t("senders.title")} lead={t("senders.lead")}>
      <SenderIds />
      <Domains />
    </Page>
  );
}

function SenderIds() {
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
        <Ask label={t("senders.id")} hint={t("senders.idHint")} field="sender" button={t("senders.request")} send={(sender) => api.POST("/v1/sender-ids", { body: { sender } })} />
      </Stack>
    </Card>
  );
}

function Domains() {
  const { t } = useTranslation();
  const domains = queries.useQuery("get", "/v1/sender-domains", EVERY);
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("senders.domains")}
        </Title>
        <Text>{t("senders.domainsHint")}</Text>
        <Answered of={domains}>
          {({ items }) =>
            items.length === 0 ? <Text>{t("senders.noDomains")}</Text> : items.map((one) => <SenderDomain key={one.id} domain={one} />)
          }
        </Answered>
        <Ask label={t("senders.domain")} hint={t("senders.domainHint")} field="domain" button={t("senders.add")} send={(domain) => api.POST("/v1/sender-domains", { body: { domain } })} />
      </Stack>
    </Card>
  );
}

interface AskProps {
  label: string;
  hint: string;
  field: string;
  button: string;
  send: (value: string) => Promise<unknown>;
}

/** A form of one field. */
function Ask({ label, hint, field, button, send }: AskProps) {
  const known = useQueryClient();
  const [problem, setProblem] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useForm({ initialValues: { [field]: "" } });
  const submit = form.onSubmit(async (values) => {
    setBusy(true);
    setProblem(null);
    try {
      await send(values[field]?.trim() ?? "");
      form.reset();
      await known.invalidateQueries();
    } catch (error) {
      setProblem(error);
      form.setErrors(fieldErrors(error));
    } finally {
      setBusy(false);
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <ProblemAlert error={problem} />
        <Group align="flex-end">
          <TextInput label={label} description={hint} required maw={360} {...form.getInputProps(field)} />
          <Button type="submit" variant="default" loading={isBusy}>
            {button}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
