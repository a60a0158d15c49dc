import { useNavigate, useSearch } from "@tanstack/react-router";
import { useDebouncedCallback } from "@mantine/hooks";
import { useCallback } from "react";

export type Search = Record<string, string | undefined>;

/** What stands after the question mark of an address, as texts; what is empty is not there. */
export function readSearch(raw: Record<string, unknown>): Search {
  const found: Search = {};
  for (const [name, value] of Object.entries(raw)) {
    if (typeof value === "string" && value) found[name] = value;
    else if (typeof value === "number") found[name] = String(value);
  }
  return found;
}

/** A list's place: search, filters and cursor, all in the address. A new filter begins at the first page. */
export function useListSearch() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const change = useCallback(
    (filters: Search) => {
      const merge = (before: Search) => readSearch({ ...before, ...filters, cursor: undefined });
      void navigate({ to: ".", search: merge as never, replace: true });
    },
    [navigate],
  );
  return { search, change, changeSoon: useDebouncedCallback(change, 300) };
}
