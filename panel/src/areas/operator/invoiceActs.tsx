import type { TFunction } from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorApi } from "@/api/operator";
import { minorOf, rateInWords } from "@/areas/operator/amounts";
import { type Field, ReasonButton, type Values } from "@/areas/operator/ReasonButton";

type Summary = Schemas["InvoiceSummary"];
type Line = Schemas["InvoiceLine"];
const OPEN = ["issued", "overdue"];
const QUANTITY = /^(?=.*[1-9])\d{1,9}([.,]\d{1,3})?$/;
const MINOR = 100;
/** As the API takes them. */
const MOST_LINES = 100;
const VAT_RATES = ["23", "8", "5", "0", "zw", "np"];

/** An invoice that is neither paid nor cancelled may be paid. */
export function Paid({ invoice: { id, number, state } }: { invoice: Summary }) {
  const { t } = useTranslation();
  if (!OPEN.includes(state)) return null;
  return (
    <ReasonButton
      label={t("operator.paid")}
      named={t("operator.paidNamed", { number })}
      question={number}
      fields={[{ name: "paid_on", label: t("operator.paidOn"), hint: t("operator.paidOnHint"), isOptional: true }]}
      act={(reason, values) => operatorApi.POST("/v1/operator/invoices/{invoice_id}/payment", { params: { path: { invoice_id: id } }, body: { ...values, reason } })}
    />
  );
}

/** And it may be cancelled, as long as nothing corrects it: then a correction takes back the rest. */
export function Cancel({ invoice: { id, number, state, corrections } }: { invoice: Schemas["Invoice"] }) {
  const { t } = useTranslation();
  if (!OPEN.includes(state) || corrections.length > 0) return null;
  return (
    <ReasonButton
      label={t("operator.cancelInvoice")}
      named={t("operator.cancelInvoiceNamed", { number })}
      question={t("operator.cancelInvoiceAsk", { number })}
      act={(reason) => operatorApi.POST("/v1/operator/invoices/{invoice_id}/cancellation", { params: { path: { invoice_id: id } }, body: { reason } })}
    />
  );
}

const onceBy = (key: string) => ({ header: { "Idempotency-Key": key } });

export function Duplicate({ invoice: { id, number } }: { invoice: Summary }) {
  const { t } = useTranslation();
  return (
    <ReasonButton
      label={t("operator.duplicate")}
      question={t("operator.duplicateAsk", { number })}
      act={(reason, _, key) => operatorApi.POST("/v1/operator/invoices/{invoice_id}/duplicates", { params: { path: { invoice_id: id }, ...onceBy(key) }, body: { reason } })}
    />
  );
}

/** A new invoice, of as many lines as are asked for. */
export function NewInvoice({ account: { account_id, name } }: { account: Schemas["Account"] }) {
  const { t } = useTranslation();
  const [lines, setLines] = useState(1);
  return (
    <ReasonButton
      label={t("operator.newInvoice")}
      named={t("operator.newInvoiceNamed", { name })}
      question={t("operator.newInvoiceAsk", { name })}
      fields={[
        ...Array.from({ length: lines }, (_, place) => lineFields(t, place, lines)).flat(),
        ...(lines < MOST_LINES ? [{ name: "another", label: t("operator.anotherLine"), kind: "act" as const, onAct: () => setLines(lines + 1) }] : []),
        ...(lines > 1 ? [{ name: "one_less", label: t("operator.oneLineLess"), kind: "act" as const, onAct: () => setLines(lines - 1) }] : []),
        { name: "exemption", label: t("operator.exemption"), hint: t("operator.exemptionHint"), isOptional: true },
        { name: "due_days", label: t("operator.dueDays"), kind: "number", isOptional: true },
        { name: "note", label: t("operator.invoiceNote"), isOptional: true },
      ]}
      act={(reason, values, key) =>
        operatorApi.POST("/v1/operator/accounts/{account_id}/invoices", { params: { path: { account_id }, ...onceBy(key) }, body: { ...issued(lines, values), reason } as never })
      }
    />
  );
}

function lineFields(t: TFunction, place: number, of: number): Field[] {
  const named = (label: string) => (of === 1 ? label : t("operator.ofLine", { label, number: place + 1 }));
  return [
    { name: `description_${place}`, label: named(t("operator.forWhat")) },
    { name: `quantity_${place}`, label: named(t("operator.quantity")), value: "1", wrong: (written) => (QUANTITY.test(String(written)) ? null : t("operator.quantityWrong")) },
    { name: `price_${place}`, label: named(t("operator.unitPricePln")), wrong: (price) => (minorOf(price) === null ? t("operator.priceWrong") : null) },
    { name: `vat_rate_${place}`, label: named(t("operator.vat")), kind: "choice", options: VAT_RATES.map((rate) => ({ value: rate, label: rateInWords(rate) })), value: VAT_RATES[0] },
  ];
}

/** What is asked of the API: so many lines, and what is said once of all. */
export function issued(count: number, { exemption, due_days, note, ...values }: Values) {
  const lines = Array.from({ length: count }, (_, place) => ({
    description: values[`description_${place}`],
    vat_rate: values[`vat_rate_${place}`],
    quantity: String(values[`quantity_${place}`]).replace(",", "."),
    unit_net_price: minorOf(values[`price_${place}`]),
  }));
  return { exemption, due_days, note, lines };
}

/** A correction: each line as it should have been; `lines` are those that hold now. */
export function Correct({ invoice: { id, number }, lines }: { invoice: Summary; lines: Line[] }) {
  const { t } = useTranslation();
  const fields = lines.flatMap((line, place): Field[] => [
    {
      name: `quantity_${place}`,
      label: t("operator.quantityOf", { line: line.description }),
      hint: t("operator.quantityHint"),
      value: line.quantity,
      isOptional: true,
      wrong: (written) => (written === "" || QUANTITY.test(String(written)) ? null : t("operator.quantityWrong")),
    },
    {
      name: `price_${place}`,
      label: t("operator.unitPriceOf", { line: line.description }),
      value: (line.unit_net_price.amount / MINOR).toFixed(2),
      wrong: (price) => (minorOf(price) === null ? t("operator.priceWrong") : null),
    },
  ]);
  return (
    <ReasonButton
      label={t("operator.correct")}
      question={t("operator.correctAsk", { number })}
      fields={fields}
      act={(reason, values, key) =>
        operatorApi.POST("/v1/operator/invoices/{invoice_id}/corrections", { params: { path: { invoice_id: id }, ...onceBy(key) }, body: { lines: corrected(lines, values), reason } as never })
      }
    />
  );
}

/** The lines as they should have been; one without a quantity is gone. */
export function corrected(lines: Line[], values: Values) {
  return lines.flatMap(({ description, unit, vat_rate }, place) => {
    const quantity = values[`quantity_${place}`];
    return quantity ? [{ description, unit, vat_rate, quantity: String(quantity).replace(",", "."), unit_net_price: minorOf(values[`price_${place}`]) }] : [];
  });
}
