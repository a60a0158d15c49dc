import { Button, Select, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { useImportFields } from "@/areas/contacts/importFields";
import { NewField } from "@/areas/contacts/NewField";
import { useAllowed } from "@/areas/session/me";
import { type Column, DataTable } from "@/kit/DataTable";

export type ColumnField = string | null;
type Read = Schemas["ImportColumn"];

interface ImportColumnsProps {
  columns: Read[];
  change: (column: number, field: ColumnField) => void;
  isBusy: boolean;
}

/** Every column of the file, what it was taken for, and what stands in it. */
export function ImportColumns({ columns, change, isBusy }: ImportColumnsProps) {
  const { t } = useTranslation();
  const choices = useImportFields();
  // What a column was taken for is seen whatever it is: it is imported unless somebody leaves it out.
  const others = columns.flatMap(({ field }) => (field && !choices.some(({ value }) => value === field) ? [{ value: field, label: field }] : []));
  const shown: Column<Read>[] = [
    { name: "column", header: t("imports.column"), cell: ({ column, header }) => <Text fw={600}>{header || `#${column + 1}`}</Text> },
    {
      name: "samples",
      header: t("imports.samples"),
      cell: ({ samples }) => (
        <Text size="sm" lineClamp={2}>
          {samples.slice(0, 3).join(" · ")}
        </Text>
      ),
    },
    {
      name: "field",
      header: t("imports.field"),
      cell: ({ column, header, field }) => (
        <Select
          aria-label={t("imports.fieldOf", { column: header })}
          placeholder={t("imports.skipped")}
          data={[...choices, ...others]}
          value={field}
          onChange={(chosen) => change(column, chosen)}
          clearable
          clearButtonProps={{ "aria-label": t("imports.skip") }}
          disabled={isBusy}
        />
      ),
    },
  ];
  // Address books export some sixty columns, most of them for nobody.
  const empty = columns.filter(({ field, samples }) => !field && samples.length === 0);
  const [isWhole, setWhole] = useState(false);
  return (
    <>
      <DataTable label={t("imports.column")} columns={shown} rows={isWhole ? columns : columns.filter((one) => !empty.includes(one))} keyOf={({ column }) => String(column)} />
      {empty.length > 0 && (
        <Button variant="subtle" size="compact-sm" style={{ alignSelf: "flex-start" }} aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {t(isWhole ? "imports.hideEmpty" : "imports.showEmpty", { columns: empty.length })}
        </Button>
      )}
      <AddField />
    </>
  );
}

/** For a column that nothing there is for yet. */
function AddField() {
  const { t } = useTranslation();
  const [isAdding, setAdding] = useState(false);
  if (!useAllowed("contacts.write")) return null;
  return (
    <>
      <Button variant="subtle" size="compact-sm" style={{ alignSelf: "flex-start" }} onClick={() => setAdding(true)}>
        {t("imports.newField")}
      </Button>
      {isAdding && <NewField close={() => setAdding(false)} />}
    </>
  );
}
