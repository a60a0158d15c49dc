import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorQueries } from "@/api/operator";
import { Paid } from "@/areas/operator/invoiceActs";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import type { Column } from "@/kit/DataTable";
import { Filters, ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Invoice = Schemas["InvoiceSummary"];
const STATES = ["issued", "overdue", "paid", "cancelled"] as const;

/** The invoices of all accounts. */
export function AllInvoices() {
  const { t } = useTranslation();
  const { day, money } = useFormats();
  const { search } = useListSearch();
  const query = { limit: 50, cursor: search.cursor, number: search.q, state: search.state };
  const invoices = operatorQueries.useQuery("get", "/v1/operator/invoices", { params: { query: query as never } });
  const columns: Column<Invoice>[] = [
    { name: "number", header: t("invoices.number"), cell: (one) => <Anchor component={Link} to={`/app/operator/invoices/${one.id}`} underline="always">{one.number}</Anchor> },
    { name: "buyer", header: t("operator.buyer"), cell: (one) => one.buyer.name },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    { name: "due", header: t("invoices.due"), cell: (one) => day(one.due_on) },
    { name: "gross", header: t("invoices.gross"), cell: (one) => money(one.gross), isNumber: true },
    { name: "acts", header: t("act.acts"), cell: (one) => <Paid invoice={one} /> },
  ];
  return (
    <OperatorPage title={t("operator.tabs.invoices")}>
      <Filters words={t("invoices.search")} choices={[{ name: "state", label: t("campaigns.state"), options: STATES.map((one) => ({ value: one, label: t(`states.${one}`) })) }]} />
      <ListOf label={t("operator.tabs.invoices")} of={invoices} columns={columns} keyOf={(one) => one.id} filters={["q", "state"]} noneFits={t("invoices.noneFits")} empty={<Empty title={t("invoices.none")} />} />
    </OperatorPage>
  );
}
