import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import type { Field, Values } from "@/areas/operator/ReasonButton";

type Carrier = Schemas["Carrier"];

/** Ways in which carriers write ids, and long messages: the API's own words, which their manuals have too. */
const IDS = ["same", "hex_to_decimal", "decimal_to_hex", "auto"];
const LONG = ["udh", "sar", "payload"];
const ENDS = ["expired", "unknown"] as const;
/** Fields of the form whose emptiness means that there is none. */
const CLEARED = ["receipts_within"];

const asThey = (names: string[]) => names.map((name) => ({ value: name, label: name }));

/** What an SMPP carrier is reached by, and how much it takes; as it is now where it is there already. */
export function useCarrierFields(before?: Carrier): Field[] {
  const { t } = useTranslation();
  return [
    { name: "host", label: t("operator.host"), value: before?.host ?? "" },
    { name: "port", label: t("operator.port"), kind: "number", value: before?.port ?? 2775 },
    { name: "system_id", label: t("operator.systemId"), value: before?.system_id ?? "" },
    { name: "password", label: t("login.password"), kind: "secret", isOptional: Boolean(before), hint: before && t("operator.secretHint") },
    { name: "binds", label: t("operator.binds"), kind: "number", value: before?.binds ?? 1 },
    { name: "window", label: t("operator.window"), kind: "number", value: before?.window ?? 10 },
    { name: "rate", label: t("operator.rate"), kind: "number", value: before?.rate ?? "", isOptional: true },
    { name: "tls", label: "TLS", kind: "switch", value: before?.tls ?? true },
  ];
}

/** What is only known of a carrier after a while, or after reading its manual. */
export function useCarrierManners(before: Carrier): Field[] {
  const { t } = useTranslation();
  return [
    { name: "response_timeout", label: t("operator.responseTimeout"), kind: "number", value: before.response_timeout },
    { name: "receipts_within", label: t("operator.receiptsWithin"), hint: t("operator.receiptsWithinHint"), kind: "number", value: before.receipts_within ?? "", isOptional: true },
    { name: "without_receipt", label: t("operator.withoutReceipt"), kind: "choice", options: ENDS.map((value) => ({ value, label: t(`states.${value}`) })), value: before.without_receipt },
    { name: "receipt_ids", label: t("operator.receiptIds"), kind: "choice", options: asThey(IDS), value: before.receipt_ids },
    { name: "long_form", label: t("operator.longForm"), kind: "choice", options: asThey(LONG), value: before.long_form },
    { name: "national_languages", label: t("operator.nationalLanguages"), hint: t("operator.nationalLanguagesHint"), value: (before.national_languages ?? []).join(", "), isOptional: true },
  ];
}

/** What was filled in that is not so already, as the API takes it. */
export function changesOf(before: Carrier, values: Values): Record<string, unknown> {
  const languages = String(values.national_languages ?? "").split(/[\s,;]+/).filter(Boolean);
  const after = { ...Object.fromEntries(CLEARED.map((name) => [name, null])), ...values, national_languages: languages };
  const now = before as Record<string, unknown>;
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => String(value ?? "") !== String(now[name] ?? "")));
}
