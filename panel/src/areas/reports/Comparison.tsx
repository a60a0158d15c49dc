import { Anchor, MultiSelect } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { useChannelName } from "@/kit/channel";
import { type Column, DataTable } from "@/kit/DataTable";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Row = Schemas["ComparedReport"];
const MOST = 20;

/** Campaigns side by side; which ones is in the address. */
export function Comparison() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { number, percent, money, day } = useFormats();
  const { search, change } = useListSearch();
  const ids = search.ids?.split(",") ?? [];
  const campaigns = queries.useQuery("get", "/v1/campaigns", { params: { query: { limit: 200 } } });
  const compared = queries.useQuery("get", "/v1/reports/compare", { params: { query: { ids: ids.join(",") } } }, { enabled: ids.length > 0, retry: false });
  const choices = campaigns.data?.items.filter((one) => one.started_at).map((one) => ({ value: one.id, label: one.name })) ?? [];
  const columns: Column<Row>[] = [
    {
      name: "name",
      header: t("campaigns.name"),
      cell: (one) => (
        <Anchor component={Link} to={`/app/campaigns/${one.campaign_id}`}>
          {one.name ?? "–"}
        </Anchor>
      ),
    },
    { name: "channel", header: t("campaigns.channel"), cell: (one) => channelName(one.channel) },
    { name: "when", header: t("campaigns.when"), cell: (one) => day(one.started_at) },
    { name: "messages", header: t("report.recipients"), cell: (one) => number(one.messages), isNumber: true },
    { name: "delivered", header: t("report.delivered"), cell: (one) => percent(one.rates.delivery_rate), isNumber: true },
    { name: "opens", header: t("report.opens"), cell: (one) => percent(one.rates.open_rate), isNumber: true },
    { name: "clicks", header: t("report.clicks"), cell: (one) => percent(one.rates.click_rate), isNumber: true },
    { name: "cost", header: t("report.cost"), cell: (one) => money(one.cost), isNumber: true },
    { name: "perClick", header: t("compare.perClick"), cell: (one) => money(one.cost_per_click), isNumber: true },
  ];
  return (
    <Page title={t("compare.title")} lead={t("compare.lead")} parent={{ to: "/app/campaigns", label: t("campaigns.title") }}>
      <MultiSelect
        label={t("compare.choose")}
        data={choices}
        value={ids}
        onChange={(chosen) => change({ ids: chosen.join(",") || undefined })}
        maxValues={MOST}
        searchable
        clearable
        clearButtonProps={{ "aria-label": t("act.clear") }}
      />
      {ids.length === 0 ? (
        <Empty title={t("compare.none")}>{t("compare.noneHint")}</Empty>
      ) : (
        <Answered of={compared}>{({ items }) => <DataTable label={t("compare.title")} columns={columns} rows={items} keyOf={(one) => one.campaign_id} />}</Answered>
      )}
    </Page>
  );
}
