import { Alert, Button, Card, Group, Stack, Switch, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, bodyOf, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { useMutation } from "@tanstack/react-query";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { Copy } from "@/kit/Copy";
import { type Column, DataTable } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { useListSearch } from "@/kit/search";
import { ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

/** A domain with the DNS records that it needs, each to be copied, and whether it was found. */
export function SenderDomain({ domain }: { domain: Schemas["SenderDomain"] }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const { change } = useListSearch();
  const params = { path: { domain_id: domain.id } };
  const verify = useMutation({
    mutationFn: () => api.POST("/v1/sender-domains/{domain_id}/verify", { params }),
    onSettled: askedAgain,
  });
  const turnKeys = async () => {
    await api.POST("/v1/sender-domains/{domain_id}/keys", { params, body: {} });
    await askedAgain();
  };
  const lend = useMutation({
    // Switched on or off at once, and nothing else with it: there is no version to lose.
    mutationFn: (short_links: boolean) => api.PATCH("/v1/sender-domains/{domain_id}", { params: { ...params, header: { "If-Match": "*" } }, body: { short_links } }),
    onSettled: askedAgain,
  });
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
            <Button size="xs" variant="default" onClick={() => change({ dmarc: domain.id })} aria-label={t("dmarc.showNamed", { domain: domain.domain })}>
              {t("dmarc.show")}
            </Button>
            <ConfirmButton size="xs" label={t("senders.newKeys")} question={t("senders.newKeysAsk")} act={turnKeys} />
            <DeleteButton
              size="xs"
              of={domain}
              look={() => bodyOf(api.GET("/v1/sender-domains/{domain_id}", { params }))}
              question={({ domain: name }) => t("senders.deleteAsk", { domain: name })}
              remove={(header) => api.DELETE("/v1/sender-domains/{domain_id}", { params: { ...params, header } })}
            />
          </Group>
        </Group>
        <ProblemAlert error={verify.error ?? lend.error} />
        {domain.campaigns_stop_at && (
          <Alert color="red">{t("senders.recordsLost", { domain: domain.domain, time: time(domain.campaigns_stop_at) })}</Alert>
        )}
        {(domain.link_host || domain.short_links) && (
          <Switch
            label={t("senders.shortLinks")}
            description={domain.link_host ? t("senders.shortLinksHint", { host: domain.link_host }) : t("senders.noLinkHost")}
            checked={domain.short_links}
            disabled={lend.isPending}
            onChange={(event) => lend.mutate(event.currentTarget.checked)}
          />
        )}
        {domain.checked_at && <Text size="sm">{t("senders.checkedAt", { time: time(domain.checked_at) })}</Text>}
        <Records domain={domain} />
      </Stack>
    </Card>
  );
}

/** The records, each to be copied, and what was found in their place. */
function Records({ domain }: { domain: Schemas["SenderDomain"] }) {
  const { t } = useTranslation();
  const columns: Column<Schemas["DnsRecord"]>[] = [
    { name: "purpose", header: t("senders.purpose"), cell: ({ purpose }) => t(`senders.purposes.${purpose.split(":")[0]}`, { defaultValue: purpose }) },
    { name: "type", header: t("senders.type"), cell: ({ type }) => type },
    { name: "name", header: t("senders.name"), cell: ({ name }) => <Copied text={name} /> },
    { name: "value", header: t("senders.value"), cell: ({ value }) => <Copied text={value} /> },
    { name: "found", header: t("senders.found"), cell: (record) => <Found record={record} /> },
  ];
  return <DataTable label={t("senders.records", { domain: domain.domain })} columns={columns} rows={domain.records} keyOf={({ purpose, name }) => `${purpose}${name}`} />;
}

/** Whether it was found, and what is wrong, in words for whoever keeps the DNS. */
function Found({ record }: { record: Schemas["DnsRecord"] }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  return (
    <div>
      {record.found == null ? "–" : t(record.found ? "senders.yes" : "senders.no")}
      {record.problem && (
        <Text size="sm">
          {t(`senders.problem.${record.problem.code.replace("record.", "")}`, { defaultValue: record.problem.detail, seen: record.seen.join("; ") })}
        </Text>
      )}
      {record.keep_until && <Text size="sm">{t("senders.keepUntil", { time: time(record.keep_until) })}</Text>}
    </div>
  );
}

/** Its first lines: a key takes many, and is copied rather than read. */
function Copied({ text }: { text: string }) {
  return (
    <Group gap={6} wrap="nowrap">
      <Text component="code" ff="monospace" size="xs" lineClamp={3} maw={240} style={{ overflowWrap: "anywhere" }} title={text}>
        {text}
      </Text>
      <Copy text={text} />
    </Group>
  );
}
