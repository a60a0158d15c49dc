import "@mantine/charts/styles.css";
import { BarChart, LineChart } from "@mantine/charts";
import { Anchor, Button, Card, Group, Stack, Table, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { download, queries, type Schemas } from "@/api/client";
import { refusalOf } from "@/api/refusal";
import { useAllowed } from "@/areas/session/me";
import { FollowUps } from "@/areas/reports/FollowUps";
import { Figures } from "@/kit/Figures";
import { Answered } from "@/kit/States";
import { useFormats } from "@/kit/times";

const LIVE_MS = 3_000;
const FILES = {
  csv: "text/csv",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  pdf: "application/pdf",
};
type Report = Schemas["Report"];
type Channel = Schemas["Campaign"]["channel"];

/** What became of a campaign, live while it goes. */
export default function CampaignReport({ campaign }: { campaign: Pick<Schemas["Campaign"], "id" | "state" | "channel"> }) {
  const { t } = useTranslation();
  const params = { path: { campaign_id: campaign.id } };
  // Reporting hears of a campaign a moment after it has begun; until then there is none.
  const live = { refetchInterval: LIVE_MS, retry: false } as const;
  const report = queries.useQuery("get", "/v1/campaigns/{campaign_id}/report", { params }, live);
  if (report.error && refusalOf(report.error).status === 404) return <Text>{t("report.soon")}</Text>;
  return (
    <Answered of={report}>
      {(found) => (
        <Stack>
          <Numbers report={found} channel={campaign.channel} />
          <Downloads campaignId={campaign.id} />
          <Hours campaignId={campaign.id} channel={campaign.channel} />
          <Links campaignId={campaign.id} />
          {campaign.channel === "email" && <Domains report={found} />}
          <FollowUps campaignId={campaign.id} channel={campaign.channel} />
        </Stack>
      )}
    </Answered>
  );
}

function Numbers({ report, channel }: { report: Report; channel: Channel }) {
  const { t } = useTranslation();
  const { number, percent, money } = useFormats();
  const { counts, rates } = report;
  const shared = [
    { label: t("report.recipients"), value: number(report.recipients) },
    { label: t("report.delivered"), value: number(counts.delivered), note: percent(rates.delivery_rate) },
  ];
  const sms = [
    { label: t("report.undelivered"), value: number((counts.undelivered ?? 0) + (counts.expired ?? 0) + (counts.rejected ?? 0)) },
    { label: t("report.parts"), value: number(counts.parts) },
    { label: t("report.clicks"), value: number(counts.unique_clicks), note: percent(rates.click_rate) },
    { label: t("report.cost"), value: money(report.cost) },
  ];
  const email = [
    { label: t("report.opens"), value: number(counts.unique_opens), note: percent(rates.open_rate) },
    { label: t("report.clicks"), value: number(counts.unique_clicks), note: percent(rates.click_rate) },
    { label: t("report.bounced"), value: number((counts.hard_bounced ?? 0) + (counts.soft_bounced ?? 0) + (counts.spam_bounced ?? 0)), note: percent(rates.bounce_rate) },
    { label: t("report.unsubscribes"), value: number(counts.unsubscribes), note: percent(rates.unsubscribe_rate) },
  ];
  const leftOut = Object.values(report.left_out ?? {}).reduce((sum: number, one) => sum + Number(one), 0);
  return (
    <Stack gap="xs">
      <Figures of={[...shared, ...(channel === "sms" ? sms : email)]} />
      {leftOut > 0 && <Text size="sm">{t("report.leftOut", { count: leftOut })}</Text>}
    </Stack>
  );
}

function Downloads({ campaignId }: { campaignId: string }) {
  const { t } = useTranslation();
  const mayExport = useAllowed("reports.export");
  if (!mayExport) return null;
  return (
    <Group gap="xs">
      <Text size="sm">{t("report.download")}</Text>
      {Object.entries(FILES).map(([ending, type]) => (
        <Button key={ending} size="compact-sm" variant="default" onClick={() => void download(`/v1/campaigns/${campaignId}/report/file`, `report.${ending}`, type)}>
          {ending.toUpperCase()}
        </Button>
      ))}
    </Group>
  );
}

/** What happened hour by hour; the same numbers stand in a table, for who does not see the lines. */
function Hours({ campaignId, channel }: { campaignId: string; channel: Channel }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const params = { path: { campaign_id: campaignId } };
  const hours = queries.useQuery("get", "/v1/campaigns/{campaign_id}/report/timeline", { params }, { refetchInterval: LIVE_MS * 2 });
  const names = channel === "sms" ? (["sent", "delivered", "failed", "clicks"] as const) : (["sent", "delivered", "failed", "opens", "clicks"] as const);
  const colours = { sent: "gray.6", delivered: "teal.6", failed: "red.6", opens: "blue.6", clicks: "violet.6" };
  const series = names.map((name) => ({ name, label: t(`report.hours.${name}`), color: colours[name] }));
  return (
    <Card withBorder component="section">
      <Title order={2} size="h4" mb="sm">
        {t("report.timeline")}
      </Title>
      <Answered of={hours}>
        {({ items }) => {
          const rows = items.map((one) => ({ ...one, at: one.local_hour.slice(5, 16).replace("T", " ") }));
          const look = { h: 260, data: rows, dataKey: "at", series, withLegend: true };
          return (
            <Stack>
              <div aria-hidden>
                {rows.length > 2 ? (
                  <LineChart {...look} curveType="monotone" lineChartProps={{ accessibilityLayer: false }} />
                ) : (
                  <BarChart {...look} maxBarWidth={72} barChartProps={{ accessibilityLayer: false }} />
                )}
              </div>
              <details>
                <summary>{t("report.asTable")}</summary>
                <Table>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>{t("report.hour")}</Table.Th>
                      {series.map((one) => (
                        <Table.Th key={one.name}>{one.label}</Table.Th>
                      ))}
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {rows.map((row) => (
                      <Table.Tr key={row.hour}>
                        <Table.Td>{row.at}</Table.Td>
                        {names.map((name) => (
                          <Table.Td key={name}>{number(row[name])}</Table.Td>
                        ))}
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </details>
            </Stack>
          );
        }}
      </Answered>
    </Card>
  );
}

function Links({ campaignId }: { campaignId: string }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const params = { path: { campaign_id: campaignId } };
  const links = queries.useQuery("get", "/v1/campaigns/{campaign_id}/report/links", { params }, { refetchInterval: LIVE_MS * 2 });
  return (
    <Card withBorder component="section">
      <Title order={2} size="h4" mb="sm">
        {t("report.links")}
      </Title>
      <Answered of={links}>
        {({ items }) =>
          items.length === 0 ? (
            <Text>{t("report.noLinks")}</Text>
          ) : (
            <Stack gap={4}>
              {items.map((link) => (
                <Group key={link.url} justify="space-between" wrap="nowrap">
                  <Anchor href={link.url} target="_blank" rel="noreferrer noopener" style={{ overflowWrap: "anywhere" }}>
                    {link.url}
                  </Anchor>
                  <Text>{t("report.clicked", { people: number(link.unique_clicks), clicks: number(link.clicks) })}</Text>
                </Group>
              ))}
            </Stack>
          )
        }
      </Answered>
    </Card>
  );
}

function Domains({ report }: { report: Report }) {
  const { t } = useTranslation();
  const { number, percent } = useFormats();
  if (report.domains.length === 0) return null;
  return (
    <Card withBorder component="section">
      <Title order={2} size="h4" mb="sm">
        {t("report.domains")}
      </Title>
      <Stack gap={4}>
        {report.domains.slice(0, 10).map(({ domain, counts, rates }) => (
          <Group key={domain} justify="space-between">
            <Text>{domain}</Text>
            <Text>
              {number(counts.delivered)} ({percent(rates.delivery_rate)})
            </Text>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
