import { expect, test } from "vitest";
import { mergePage, placesOf, type Source } from "@/areas/conversations/merge";

interface Row {
  at: string;
  id: string;
}

/** The same numbers at every run. */
function random(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
}

/** A list of the API: pages of `limit`, the newest first. */
function pagesOf(rows: Row[], limit: number) {
  return (cursor: string | null): Source<Row> => {
    const from = Number(cursor ?? 0);
    return { items: rows.slice(from, from + limit), next_cursor: from + limit < rows.length ? String(from + limit) : null };
  };
}

test("walked to the end, several lists give each row once and in order, however long each is", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const below = random(seed);
    const names = ["a", "b", "c"].slice(0, 1 + below(3));
    const rows = Object.fromEntries(
      names.map((name) => [name, Array.from({ length: below(14) }, (_, n) => ({ at: String(100 + below(40)), id: `${name}${n}` })).sort((x, y) => y.at.localeCompare(x.at))]),
    );
    const lists = Object.fromEntries(names.map((name) => [name, pagesOf(rows[name] ?? [], 1 + below(6))]));
    const walked: Row[] = [];
    let at: string | undefined;
    for (let page = 0; page < 60; page += 1) {
      const places = placesOf(at, names);
      const sources = Object.fromEntries(names.map((name) => [name, places[name] ? lists[name]?.(places[name].cursor) : undefined]));
      const { rows: found, next } = mergePage(places, sources, 1 + below(5));
      expect(found.length > 0 || next === null, `seed ${seed}: a page with nothing on it`).toBe(true);
      walked.push(...found);
      at = next ?? undefined;
      if (!at) break;
    }
    expect(at, `seed ${seed}: never at the end`).toBeUndefined();
    expect(walked.map(({ id }) => id).sort()).toEqual(Object.values(rows).flat().map(({ id }) => id).sort());
    expect(walked.map((row) => row.at)).toEqual(walked.map((row) => row.at).sort().reverse());
  }
});

test.each(["x", "{", '{"a":null}', '{"a":{"cursor":null,"skip":-1}}'])("a place that cannot be read is the beginning: %s", (text) => {
  expect(placesOf(text, ["a"])).toEqual({ a: { cursor: null, skip: 0 } });
});
