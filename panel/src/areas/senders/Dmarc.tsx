import { Modal, Select, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { type Column, DataTable } from "@/kit/DataTable";
import { Figures } from "@/kit/Figures";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type View = Schemas["DmarcView"];
type Part = Schemas["DmarcPart"];

const DAYS = ["7", "30", "90"] as const;
const SHOWN = ["passed", "dkim_aligned", "spf_aligned", "quarantined", "rejected"] as const;

/** What receivers say of mails in a domain's name (DMARC aggregate reports); which domain and how far back is in the address. */
export function Dmarc({ domains }: { domains: Schemas["SenderDomain"][] }) {
  const { t } = useTranslation();
  const { search, change } = useListSearch();
  const domain = domains.find((one) => one.id === search.dmarc);
  const days = DAYS.find((one) => one === search.days) ?? "30";
  const params = { path: { domain_id: domain?.id ?? "" }, query: { days: Number(days) } };
  const found = queries.useQuery("get", "/v1/sender-domains/{domain_id}/dmarc", { params }, { enabled: Boolean(domain) });
  if (!domain) return null;
  return (
    <Modal
      opened size="xl" onClose={() => change({ dmarc: undefined, days: undefined })}
      title={t("dmarc.of", { domain: domain.domain })} closeButtonProps={{ "aria-label": t("act.close") }}
    >
      <Stack>
        <Select
          label={t("dmarc.days")} data={DAYS.map((value) => ({ value, label: t("dmarc.lastDays", { count: Number(value) }) }))}
          value={days} onChange={(value) => change({ days: value ?? undefined })} allowDeselect={false} maw={260}
        />
        <Answered of={found}>{(view) => (view.reports === 0 ? <Empty title={t("dmarc.none")}>{t("dmarc.noneHint")}</Empty> : <Reported view={view} />)}</Answered>
      </Stack>
    </Modal>
  );
}

function Reported({ view }: { view: View }) {
  const { t } = useTranslation();
  const { number, percent } = useFormats();
  const shareOf = (count: number) => (view.messages > 0 ? percent(count / view.messages) : undefined);
  return (
    <>
      <Text>{t("dmarc.lead")}</Text>
      <Figures
        of={[
          { label: t("dmarc.messages"), value: number(view.messages), note: t("dmarc.reports", { count: view.reports }) },
          ...SHOWN.map((name) => ({ label: t(`dmarc.${name}`), value: number(view[name]), note: shareOf(view[name]) })),
        ]}
      />
      <Parts title={t("dmarc.sources")} header={t("dmarc.source")} rows={view.sources} />
      <Parts title={t("dmarc.reporters")} header={t("dmarc.reporter")} rows={view.reporters} />
    </>
  );
}

/** The figures by where mails came from, or by who received them. */
function Parts({ title, header, rows }: { title: string; header: string; rows: Part[] }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const columns: Column<Part>[] = [
    { name: "name", header, cell: (one) => <Text size="sm" style={{ overflowWrap: "anywhere" }}>{one.name}</Text> },
    ...(["messages", "passed", "quarantined", "rejected"] as const).map((name) => ({ name, header: t(`dmarc.${name}`), cell: (one: Part) => number(one[name]), isNumber: true })),
  ];
  return (
    <section>
      <Title order={3} size="h5" mb={4}>
        {title}
      </Title>
      <DataTable label={title} columns={columns} rows={rows} keyOf={(one) => one.name} />
    </section>
  );
}
