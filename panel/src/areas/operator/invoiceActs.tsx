import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { operatorApi } from "@/api/operator";
import { minorOf } from "@/areas/operator/amounts";
import { type Field, ReasonButton, type Values } from "@/areas/operator/ReasonButton";

type Summary = Schemas["InvoiceSummary"];
type Line = Schemas["InvoiceLine"];
const OPEN = ["issued", "overdue"];
const QUANTITY = /^(?=.*[1-9])\d{1,9}([.,]\d{1,3})?$/;
const MINOR = 100;

/** What becomes of an invoice that is neither paid nor cancelled. */
export function OpenActs({ invoice }: { invoice: Summary }) {
  const { t } = useTranslation();
  const params = { path: { invoice_id: invoice.id } };
  const { number } = invoice;
  if (!OPEN.includes(invoice.state)) return null;
  return (
    <>
      <ReasonButton
        label={t("operator.paid")}
        named={t("operator.paidNamed", { number })}
        question={number}
        fields={[{ name: "paid_on", label: t("operator.paidOn"), hint: t("operator.paidOnHint"), isOptional: true }]}
        act={(reason, values) => operatorApi.POST("/v1/operator/invoices/{invoice_id}/payment", { params, body: { ...values, reason } })}
      />
      <ReasonButton
        label={t("operator.cancelInvoice")}
        named={t("operator.cancelInvoiceNamed", { number })}
        question={t("operator.cancelInvoiceAsk", { number })}
        act={(reason) => operatorApi.POST("/v1/operator/invoices/{invoice_id}/cancellation", { params, body: { reason } })}
      />
    </>
  );
}

const onlyOnce = () => ({ header: { "Idempotency-Key": crypto.randomUUID() } });

export function Duplicate({ invoice: { id, number } }: { invoice: Summary }) {
  const { t } = useTranslation();
  return (
    <ReasonButton
      label={t("operator.duplicate")}
      question={t("operator.duplicateAsk", { number })}
      act={(reason) => operatorApi.POST("/v1/operator/invoices/{invoice_id}/duplicates", { params: { path: { invoice_id: id }, ...onlyOnce() }, body: { reason } })}
    />
  );
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
      act={(reason, values) =>
        operatorApi.POST("/v1/operator/invoices/{invoice_id}/corrections", { params: { path: { invoice_id: id }, ...onlyOnce() }, body: { lines: corrected(lines, values), reason } as never })
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
