import { Anchor, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { downloadInvoice, operatorQueries } from "@/api/operator";
import { rateInWords } from "@/areas/operator/amounts";
import { Cancel, Correct, Duplicate, Paid } from "@/areas/operator/invoiceActs";
import { OperatorPage } from "@/areas/operator/OperatorPage";
import { type Column, DataTable } from "@/kit/DataTable";
import { Figures } from "@/kit/Figures";
import { Answered, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Invoice = Schemas["Invoice"];
type Line = Schemas["InvoiceLine"];

const useInvoice = (invoice_id: string, enabled = true) => operatorQueries.useQuery("get", "/v1/operator/invoices/{invoice_id}", { params: { path: { invoice_id } } }, { enabled, select: (found) => found as Invoice });

/** One invoice of any account: what is on it, what corrects it, and what an operator may do with it. */
export function OneInvoice() {
  const { t } = useTranslation();
  const { invoiceId } = useParams({ strict: false }) as { invoiceId: string };
  const invoice = useInvoice(invoiceId);
  return (
    <OperatorPage title={invoice.data?.number ?? t("operator.tabs.invoices")} actions={invoice.data && <Acts invoice={invoice.data} />}>
      <Answered of={invoice}>{(one) => <Whole invoice={one} />}</Answered>
    </OperatorPage>
  );
}

/** Corrections begin with what the last one says, for they add up. */
function Acts({ invoice }: { invoice: Invoice }) {
  const { t } = useTranslation();
  const last = invoice.corrections.at(-1);
  const correction = useInvoice(last?.id ?? "", Boolean(last));
  const lines = last ? correction.data?.lines : invoice.lines;
  const fetchFile = useMutation({ mutationFn: () => downloadInvoice(`/v1/operator/invoices/${invoice.id}`, invoice.number) });
  return (
    <Group gap="xs">
      <Button size="xs" variant="default" loading={fetchFile.isPending} onClick={() => fetchFile.mutate()} aria-label={t("invoices.downloadNamed", { number: invoice.number })}>
        PDF
      </Button>
      <Paid invoice={invoice} />
      <Cancel invoice={invoice} />
      {invoice.kind === "invoice" && invoice.state !== "cancelled" && lines && <Correct key={last?.id} invoice={invoice} lines={lines} />}
      <Duplicate invoice={invoice} />
      <ProblemAlert error={fetchFile.error} />
    </Group>
  );
}

function Whole({ invoice }: { invoice: Invoice }) {
  const { t } = useTranslation();
  const { day, money } = useFormats();
  const { buyer, corrects, lines_before } = invoice;
  const figures = [
    { label: t("invoices.gross"), value: money(invoice.gross) },
    { label: t("operator.net"), value: money(invoice.net) },
    { label: t("invoices.issued"), value: day(invoice.issued_on) },
    { label: t("invoices.due"), value: day(invoice.due_on) },
  ];
  return (
    <Stack>
      <Group>
        <StateBadge state={invoice.state} />
        <Text>
          {[buyer.name, buyer.address, buyer.vat_number && `${t("audit.fields.vat_number")} ${buyer.vat_number}`].filter(Boolean).join(", ")}
        </Text>
      </Group>
      {corrects && (
        <Text>
          {t("operator.corrects")} <To one={corrects} />
        </Text>
      )}
      <Figures of={figures} />
      {lines_before && <Lines label={t("operator.linesBefore")} lines={lines_before} />}
      <Lines label={t(lines_before ? "operator.linesAfter" : "operator.lines")} lines={invoice.lines} />
      {invoice.note && <Text>{invoice.note}</Text>}
      {invoice.corrections.length > 0 && (
        <Card withBorder component="section">
          <Title order={2} size="h4">
            {t("operator.corrections")}
          </Title>
          {invoice.corrections.map((one) => (
            <Text key={one.id}>
              <To one={one} /> · {day(one.issued_on)}
            </Text>
          ))}
        </Card>
      )}
      {invoice.duplicates.length > 0 && <Duplicates invoice={invoice} />}
    </Stack>
  );
}

function To({ one: { id, number } }: { one: Schemas["InvoiceReference"] }) {
  return (
    <Anchor component={Link} to={`/app/operator/invoices/${id}`} underline="always">
      {number}
    </Anchor>
  );
}

function Lines({ label, lines }: { label: string; lines: Line[] }) {
  const { t } = useTranslation();
  const { money, number } = useFormats();
  const columns: Column<[Line, number]>[] = [
    { name: "description", header: t("operator.forWhat"), cell: ([one]) => one.description },
    { name: "quantity", header: t("operator.quantity"), cell: ([one]) => `${number(Number(one.quantity))} ${one.unit}`, isNumber: true },
    { name: "price", header: t("operator.unitPrice"), cell: ([one]) => money(one.unit_net_price), isNumber: true },
    { name: "vat", header: t("operator.vat"), cell: ([one]) => rateInWords(one.vat_rate), isNumber: true },
    { name: "net", header: t("operator.net"), cell: ([one]) => money(one.net), isNumber: true },
  ];
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        {label}
      </Title>
      {lines.length > 0 ? <DataTable label={label} columns={columns} rows={lines.map((one, place): [Line, number] => [one, place])} keyOf={([, place]) => String(place)} /> : <Text>{t("operator.noLines")}</Text>}
    </section>
  );
}

function Duplicates({ invoice }: { invoice: Invoice }) {
  const { t } = useTranslation();
  const { day } = useFormats();
  const fetchFile = useMutation({ mutationFn: (id: string) => downloadInvoice(`/v1/operator/invoices/${invoice.id}/duplicates/${id}`, `${invoice.number} D`) });
  return (
    <Card withBorder component="section">
      <Title order={2} size="h4" mb="xs">
        {t("operator.duplicates")}
      </Title>
      <ProblemAlert error={fetchFile.error} />
      <Stack gap="xs">
        {invoice.duplicates.map(({ id, issued_on }) => (
          <Group key={id} gap="xs">
            <Text>{day(issued_on)}</Text>
            <Button size="xs" variant="default" onClick={() => fetchFile.mutate(id)} aria-label={t("operator.duplicateFile", { day: day(issued_on) })}>
              PDF
            </Button>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
