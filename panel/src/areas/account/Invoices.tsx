import { Button, Stack } from "@mantine/core";
import { keepPreviousData, useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { download, queries, type Schemas } from "@/api/client";
import { AccountFrame } from "@/areas/account/AccountFrame";
import type { Column } from "@/kit/DataTable";
import { Filters, ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Invoice = Schemas["InvoiceSummary"];
const STATES = ["issued", "overdue", "paid", "cancelled"] as const;

/** What the account was asked to pay, each to download as PDF. */
export function Invoices() {
  const { t } = useTranslation();
  const { day, money } = useFormats();
  const { search } = useListSearch();
  const query = { limit: 50, cursor: search.cursor, number: search.q, state: search.state as Invoice["state"] | undefined };
  const invoices = queries.useQuery("get", "/v1/invoices", { params: { query: query as never } }, { placeholderData: keepPreviousData, retry: false });
  const fetchFile = useMutation({ mutationFn: (one: Invoice) => download(`/v1/invoices/${one.id}`, `${one.number.replaceAll("/", "-")}.pdf`, "application/pdf") });
  const columns: Column<Invoice>[] = [
    { name: "number", header: t("invoices.number"), cell: (one) => one.number },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} /> },
    { name: "issued", header: t("invoices.issued"), cell: (one) => day(one.issued_on) },
    { name: "due", header: t("invoices.due"), cell: (one) => day(one.due_on) },
    { name: "gross", header: t("invoices.gross"), cell: (one) => money(one.gross), isNumber: true },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) => (
        <Button size="xs" variant="default" onClick={() => fetchFile.mutate(one)} aria-label={t("invoices.downloadNamed", { number: one.number })}>
          PDF
        </Button>
      ),
    },
  ];
  return (
    <AccountFrame tab="invoices">
      <Stack>
        <Filters words={t("invoices.search")} choices={[{ name: "state", label: t("campaigns.state"), options: STATES.map((state) => ({ value: state, label: t(`states.${state}`) })) }]} />
        <ProblemAlert error={fetchFile.error} />
        <ListOf label={t("account.tabs.invoices")} of={invoices} columns={columns} keyOf={(one) => one.id} filters={["q", "state"]} noneFits={t("invoices.noneFits")} empty={<Empty title={t("invoices.none")} />} />
      </Stack>
    </AccountFrame>
  );
}
