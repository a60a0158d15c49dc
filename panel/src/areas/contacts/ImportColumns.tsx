import { Button, ScrollArea, Select, Table, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { useImportFields } from "@/areas/contacts/importFields";
import { NewField } from "@/areas/contacts/NewField";
import { useAllowed } from "@/areas/session/me";

export type ColumnField = string | null;

interface ImportColumnsProps {
  columns: Schemas["ImportColumn"][];
  change: (column: number, field: ColumnField) => void;
  isBusy: boolean;
}

/** Every column of the file, what it was taken for, and what stands in it. */
export function ImportColumns({ columns, change, isBusy }: ImportColumnsProps) {
  const { t } = useTranslation();
  const choices = useImportFields();
  // What a column was taken for is seen whatever it is: it is imported unless somebody leaves it out.
  const others = columns.flatMap(({ field }) => (field && !choices.some(({ value }) => value === field) ? [{ value: field, label: field }] : []));
  return (
    <>
      <ScrollArea type="auto">
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("imports.column")}</Table.Th>
              <Table.Th>{t("imports.samples")}</Table.Th>
              <Table.Th>{t("imports.field")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {columns.map((column) => (
              <Table.Tr key={column.column}>
                <Table.Td>
                  <Text fw={600}>{column.header || `#${column.column + 1}`}</Text>
                </Table.Td>
                <Table.Td>
                  <Text size="sm" lineClamp={2}>
                    {column.samples.slice(0, 3).join(" · ")}
                  </Text>
                </Table.Td>
                <Table.Td miw={190}>
                  <Select
                    aria-label={t("imports.fieldOf", { column: column.header })}
                    placeholder={t("imports.skipped")}
                    data={[...choices, ...others]}
                    value={column.field}
                    onChange={(field) => change(column.column, field)}
                    clearable
                    clearButtonProps={{ "aria-label": t("imports.skip") }}
                    disabled={isBusy}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
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
