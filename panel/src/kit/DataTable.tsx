import "@/kit/dataTable.css";
import { Card, ScrollArea, Table } from "@mantine/core";
import type { ReactNode } from "react";
import { breakable } from "@/kit/breakable";

export interface Column<Row> {
  /** `acts` stands for what can be done with the row. */
  name: string;
  header: string;
  cell: (row: Row) => ReactNode;
  isNumber?: boolean;
  /** Left out where no row has anything in it, as a note that nobody has written. */
  isOptional?: boolean;
}

interface DataTableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
}

/** Pixels below which a column would be broken into too many lines; a number has none to break. */
const LEAST = 130;
const LEAST_OF_NUMBERS = 90;
/** So many columns stand closer together: ten of them, with headings in Polish, fit beside the menu of a screen of 1440 pixels. */
const MANY = 9;

const isEmpty = (cell: ReactNode) => cell == null || cell === "" || cell === false;

/**
 * Rows under headings; on a phone each is a card. What does not fit between the two is reached by moving sideways, with
 * the keyboard too. The roles are written out, for a table that is shown otherwise is none to some screen readers.
 */
export function DataTable<Row>({ label, columns: all, rows, keyOf }: DataTableProps<Row>) {
  const columns = all.filter(({ isOptional, cell }) => !isOptional || rows.some((row) => !isEmpty(cell(row))));
  const least = columns.reduce((sum, { isNumber }) => sum + (isNumber ? LEAST_OF_NUMBERS : LEAST), 0);
  return (
    <Card withBorder padding={0}>
      <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: "region", "aria-label": label }}>
        <Table className="data-table" role="table" miw={least} highlightOnHover verticalSpacing="xs" horizontalSpacing={columns.length < MANY ? "md" : "sm"}>
          <Table.Thead role="rowgroup">
            <Table.Tr role="row">
              {columns.map((column) => (
                <Table.Th key={column.name} role="columnheader" ta={column.isNumber ? "right" : undefined} style={{ whiteSpace: "nowrap" }}>
                  {column.header}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody role="rowgroup">
            {rows.map((row) => (
              <Table.Tr key={keyOf(row)} role="row">
                {columns.map((column) => (
                  <Table.Td key={column.name} role="cell" data-label={column.header} className={column.name === "acts" ? "data-table-acts" : undefined} ta={column.isNumber ? "right" : undefined}>
                    {breakable(column.cell(row))}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
    </Card>
  );
}
