/** One page of one list, as the API answers it. */
export interface Source<Row> {
  items: Row[];
  next_cursor: string | null;
}

/** Where in a list a page begins: at a row of one of the API's pages; null where nothing more is in the list. */
export type Place = { cursor: string | null; skip: number } | null;
const START: Place = { cursor: null, skip: 0 };

/** The places that an address holds, of the lists named; at their beginning where it holds none or cannot be read. */
export function placesOf<Name extends string>(text: string | undefined, names: readonly Name[]): Record<Name, Place> {
  const kept = read(text);
  return Object.fromEntries(names.map((name) => [name, kept ? (kept[name] ?? null) : START])) as Record<Name, Place>;
}

/**
 * A page of several lists put together, the newest first. It ends where one of them has to be asked for more: what that
 * one still has may be newer than the next rows of the others.
 */
export function mergePage<Name extends string, Row extends { at: string }>(
  places: Record<Name, Place>,
  sources: Record<Name, Source<Row> | undefined>,
  size: number,
): { rows: Row[]; next: string | null } {
  const names = Object.keys(places) as Name[];
  const taken = Object.fromEntries(names.map((name) => [name, places[name]?.skip ?? 0])) as Record<Name, number>;
  const isOver = (name: Name) => taken[name] >= (sources[name]?.items.length ?? 0);
  const hasMore = (name: Name) => places[name] !== null && Boolean(sources[name]?.next_cursor);
  const rows: Row[] = [];
  while (rows.length < size && !names.some((name) => isOver(name) && hasMore(name))) {
    const heads = names.flatMap((name) => {
      const row = places[name] ? sources[name]?.items[taken[name]] : undefined;
      return row ? [{ name, row }] : [];
    });
    const newest = heads.sort((a, b) => b.row.at.localeCompare(a.row.at))[0];
    if (!newest) break;
    rows.push(newest.row);
    taken[newest.name] += 1;
  }
  const next = Object.fromEntries(
    names.flatMap((name): [string, Place][] => {
      const place = places[name];
      if (!place) return [];
      if (!isOver(name)) return [[name, { cursor: place.cursor, skip: taken[name] }]];
      return hasMore(name) ? [[name, { cursor: sources[name]?.next_cursor ?? null, skip: 0 }]] : [];
    }),
  );
  return { rows, next: Object.keys(next).length > 0 ? JSON.stringify(next) : null };
}

function read(text: string | undefined): Record<string, Place> | null {
  if (!text) return null;
  try {
    const kept = JSON.parse(text) as Record<string, Place>;
    const isSound = Object.values(kept).every((place) => place && Number.isInteger(place.skip) && place.skip >= 0);
    return isSound ? kept : null;
  } catch {
    return null;
  }
}
