import "@mantine/charts/styles.css";
import { BarChart, LineChart } from "@mantine/charts";
import { Anchor, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { download, queries, type Schemas } from "@/api/client";
import { refusalOf } from "@/api/refusal";
import { useAllowed } from "@/areas/session/me";
import { VariantTable } from "@/areas/reports/VariantTable";
import { FollowUps } from "@/areas/reports/FollowUps";
import { MailMap } from "@/areas/reports/MailMap";
import { useFigures } from "@/areas/reports/useFigures";
import { type Column, DataTable } from "@/kit/DataTable";
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
type Hour = Schemas["ReportHour"];
type Channel = Schemas["Campaign"]["channel"];
/** Channels whose links are counted. */
const WITH_LINKS: Channel[] = ["sms", "email"];

/** What became of a campaign, live while it goes. */
export default function CampaignReport({ campaign }: { campaign: Pick<Schemas["Campaign"], "id" | "state" | "channel" | "ab_test"> }) {
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
          {campaign.ab_test && <VariantTable campaign={campaign} />}
          <Downloads campaignId={campaign.id} />
          <Hours campaignId={campaign.id} channel={campaign.channel} />
          {WITH_LINKS.includes(campaign.channel) && <Links campaignId={campaign.id} channel={campaign.channel} />}
          {campaign.channel === "email" && <Domains report={found} />}
          <FollowUps campaignId={campaign.id} channel={campaign.channel} />
        </Stack>
      )}
    </Answered>
  );
}

function Numbers({ report, channel }: { report: Report; channel: Channel }) {
  const { t } = useTranslation();
  const { number, money } = useFormats();
  const figures = useFigures();
  const shown = [
    { label: t("report.recipients"), value: number(report.recipients) },
    ...figures(channel, report.counts, report.rates),
    ...(channel === "sms" ? [{ label: t("report.cost"), value: money(report.cost) }] : []),
  ];
  const leftOut = Object.values(report.left_out ?? {}).reduce((sum: number, one) => sum + Number(one), 0);
  return (
    <Stack gap="xs">
      <Figures of={shown} />
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
  const { number, clock } = useFormats();
  const params = { path: { campaign_id: campaignId } };
  const isRead = ["rcs", "whatsapp", "viber"].includes(channel);
  const hours = queries.useQuery("get", "/v1/campaigns/{campaign_id}/report/timeline", { params }, { refetchInterval: LIVE_MS * 2 });
  const names = (["sent", "delivered", "failed", "opens", "clicks"] as const).filter((name) => name !== "opens" || channel !== "sms");
  const words = (name: (typeof names)[number]) => (name === "opens" && isRead ? t("report.read") : name === "clicks" && isRead ? t("report.taps") : t(`report.hours.${name}`));
  const colours = { sent: "gray.6", delivered: "teal.6", failed: "red.6", opens: "blue.6", clicks: "violet.6" };
  const series = names.map((name) => ({ name, label: words(name), color: colours[name] }));
  const columns: Column<Hour & { at: string }>[] = [
    { name: "at", header: t("report.hour"), cell: (row) => row.at },
    ...series.map(({ name, label }) => ({ name, header: label, cell: (row: Hour) => number(row[name]), isNumber: true })),
  ];
  return (
    <Card withBorder component="section">
      <Title order={2} size="h4" mb="sm">
        {t("report.timeline")}
      </Title>
      <Answered of={hours}>
        {({ items }) => {
          const rows = items.map((one) => ({ ...one, at: clock(one.local_hour) }));
          const look = { h: 260, data: rows, dataKey: "at", series, withLegend: true, valueFormatter: number, yAxisProps: { allowDecimals: false, width: 64 } };
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
                <DataTable label={t("report.timeline")} columns={columns} rows={rows} keyOf={(row) => row.hour} />
              </details>
            </Stack>
          );
        }}
      </Answered>
    </Card>
  );
}

function Links({ campaignId, channel }: { campaignId: string; channel: Channel }) {
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
                <Group key={`${link.number} ${link.url}`} justify="space-between" gap="xs">
                  <Anchor href={link.url} target="_blank" rel="noreferrer noopener" style={{ overflowWrap: "anywhere" }}>
                    {link.label ? `${link.label} · ${link.url}` : link.url}
                  </Anchor>
                  <Text>{t("report.clicked", { people: number(link.unique_clicks), clicks: number(link.clicks) })}</Text>
                </Group>
              ))}
              {channel === "email" && <MailMap campaignId={campaignId} links={items} />}
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
        {t(report.channel === "email" ? "report.domains" : "report.networks")}
      </Title>
      <Stack gap={4}>
        {report.domains.slice(0, 10).map(({ domain, name, counts, rates }) => (
          <Group key={domain} justify="space-between">
            <Text>{name || t("report.unknownDomain")}</Text>
            <Text>
              {number(counts.delivered)} ({percent(rates.delivery_rate)})
            </Text>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
