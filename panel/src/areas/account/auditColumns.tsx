import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { actInWords, detailInWords } from "@/areas/account/acts";
import type { Column } from "@/kit/DataTable";
import { useFormats } from "@/kit/times";

type Entry = Schemas["AuditEntry"];

/** What an audit trail shows of each act. `nameOf`: of what a detail names by its id; `rightOf`: what a right is called. */
export function useAuditColumns<One extends Entry>(nameOf: (id: string) => string | null, rightOf: (name: string) => string | null = () => null): Column<One>[] {
  const { t } = useTranslation();
  const { time } = useFormats();
  return [
    { name: "at", header: t("audit.at"), cell: (one) => <span style={{ whiteSpace: "nowrap" }}>{time(one.at)}</span> },
    { name: "action", header: t("audit.action"), cell: (one) => <span title={one.action}>{actInWords(one.action)}</span> },
    { name: "who", header: t("audit.who"), cell: (one) => one.login ?? t(one.operator_id ? "audit.operator" : one.api_key_id ? "audit.key" : "audit.system") },
    { name: "address", header: t("audit.address"), cell: (one) => one.address ?? "–" },
    {
      name: "details",
      header: t("audit.details"),
      cell: (one) => {
        const told = [one.reason, ...Object.entries(one.details ?? {}).map(([name, value]) => detailInWords(name, value, { time, nameOf, rightOf }))].filter(Boolean);
        return told.length > 0 && <Text size="sm" style={{ overflowWrap: "anywhere" }}>{told.join(", ")}</Text>;
      },
    },
  ];
}
