import { ScrollArea, Select, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { FIELDS } from "@/areas/contacts/names";

export type ColumnField = string | null;

interface ImportColumnsProps {
  columns: Schemas["ImportColumn"][];
  change: (column: number, field: ColumnField) => void;
  isBusy: boolean;
}

/** Every column of the file, what it was taken for, and what stands in it. */
export function ImportColumns({ columns, change, isBusy }: ImportColumnsProps) {
  const { t } = useTranslation();
  const own = queries.useQuery("get", "/v1/contact-fields", { params: { query: { limit: 1000 } } });
  const choices = [
    ...Object.entries(FIELDS).map(([value, key]) => ({ value, label: t(key) })),
    ...(own.data?.items ?? []).map((field) => ({ value: field.key, label: field.label })),
  ];
  return (
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
                  data={choices}
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
  );
}
