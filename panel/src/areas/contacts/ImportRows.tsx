import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { useImportFields } from "@/areas/contacts/importFields";
import { useProblemWords } from "@/areas/contacts/problems";
import { type Column, DataTable } from "@/kit/DataTable";

type Row = Schemas["PreviewRow"];
const SHOWN = 10;

/** The first rows as they would come in, each with what is wrong with it. */
export function ImportRows({ preview }: { preview: Schemas["ImportPreview"] }) {
  const { t } = useTranslation();
  const words = useProblemWords();
  const names = new Map(useImportFields().map(({ value, label }) => [value, label]));
  const fields = preview.columns.flatMap((column) => (column.field ? [column.field] : []));
  const inWords = (value: unknown) => (typeof value === "boolean" ? t(value ? "fields.yes" : "fields.no") : value == null ? "" : String(value));
  const columns: Column<Row>[] = [
    { name: "number", header: t("imports.row"), cell: (row) => row.number, isNumber: true },
    {
      name: "outcome",
      header: t("imports.outcome"),
      cell: (row) => (
        <>
          <Text size="sm" fw={600} c={row.outcome === "rejected" ? "red.8" : undefined}>
            {row.problems.length > 0 && row.outcome !== "rejected"
              ? t("imports.outcomeBut", { outcome: t(`imports.outcomes.${row.outcome}`) })
              : t(`imports.outcomes.${row.outcome}`)}
          </Text>
          {row.problems.map((code, place) => (
            <Text key={code} size="sm">
              {words(code, row.reasons[place])}
            </Text>
          ))}
        </>
      ),
    },
    ...fields.map((field) => ({ name: field, header: names.get(field) ?? field, cell: (row: Row) => inWords(shown(row.values, field)) })),
  ];
  if (preview.rows.length === 0) return <Text>{t("imports.noRows")}</Text>;
  return <DataTable label={t("imports.rows")} columns={columns} rows={preview.rows.slice(0, SHOWN)} keyOf={(row) => String(row.number)} />;
}

function shown(values: Record<string, unknown>, field: string): unknown {
  const own = values.fields;
  return values[field] ?? (typeof own === "object" && own !== null ? (own as Record<string, unknown>)[field] : null);
}
