import { Group, Select, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type Column, DataTable } from "@/kit/DataTable";
import { Pager } from "@/kit/Pager";
import { capital } from "@/kit/formats";
import { useListSearch } from "@/kit/search";
import { Answered, type Asked, Empty } from "@/kit/States";

interface Paged<Row> {
  items: Row[];
  next_cursor: string | null;
  total?: number | null;
  total_is_estimate?: boolean;
}

interface ListOfProps<Row> {
  label: string;
  of: Asked<Paged<Row>>;
  columns: Column<Row>[];
  keyOf: (row: Row) => string;
  /** Shown where nothing is in the list at all. */
  empty: ReactNode;
  /** The title of a list in which nothing fits what was searched for. */
  noneFits?: string;
  /** Names of the filters in the address; one that is set makes an empty list one that nothing fits. */
  filters?: string[];
}

/** A page of a list: the wait, the problem, nothing, or the rows, with the way to the next page. */
export function ListOf<Row>({ label, of, columns, keyOf, empty, noneFits, filters = ["q"] }: ListOfProps<Row>) {
  const { search } = useListSearch();
  const isFiltered = filters.some((name) => search[name]);
  return (
    <Answered of={of}>
      {({ items, next_cursor, total, total_is_estimate }) => (
        <>
          {items.length > 0 ? (
            <DataTable label={label} columns={columns} rows={items} keyOf={keyOf} />
          ) : noneFits && isFiltered ? (
            <Empty title={noneFits} />
          ) : (
            empty
          )}
          <Pager cursor={search.cursor} next={next_cursor} total={total} isEstimate={total_is_estimate} />
        </>
      )}
    </Answered>
  );
}

export interface Filter {
  /** Of the filter in the address. */
  name: string;
  label: string;
  options: { value: string; label: string }[];
  /** Whether there may be so many that they have to be searched. */
  isLong?: boolean;
  /** What holds while nothing is chosen; without it that is all of them. */
  otherwise?: string;
}

/** A filter is no wider than what is chosen or written in it. */
const FILTER = 420;

/** What a list is searched by: words and choices, all in the address. */
export function Filters({ words, hint, choices = [] }: { words?: string; hint?: string; choices?: Filter[] }) {
  const { t, i18n } = useTranslation();
  const { search, change, changeSoon } = useListSearch();
  return (
    <Group align="flex-end" role="search">
      {words && <TextInput label={words} placeholder={hint} defaultValue={search.q} onChange={(event) => changeSoon({ q: event.currentTarget.value })} flex="1 1 220px" maw={FILTER} />}
      {choices.map(({ name, label, options, isLong, otherwise }) => (
        <Select
          key={name}
          label={label}
          placeholder={t("act.all")}
          data={isLong ? options : options.map((one) => ({ ...one, label: capital(one.label, i18n.language) }))}
          value={search[name] ?? otherwise ?? null}
          onChange={(value) => change({ [name]: value ?? undefined })}
          clearable={!otherwise}
          allowDeselect={!otherwise}
          searchable={isLong}
          clearButtonProps={{ "aria-label": t("act.clear") }}
          flex="1 1 140px"
          maw={FILTER}
        />
      ))}
    </Group>
  );
}
