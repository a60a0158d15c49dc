import { api, bodyOf, queries } from "@/api/client";
import { asOneAct } from "@/api/freshness";

const A_PAGE = 1000;

/** The account's folders, and how many templates are in each; what is in none is not among them. */
export function useFolders() {
  const { data } = queries.useQuery("get", "/v1/template-folders");
  return data?.items.filter((one) => one.folder) ?? [];
}

/** Where a folder goes when `from` becomes `to`; null where it is neither `from` nor inside it. In no folder there are none inside. */
export function movedTo(folder: string, from: string, to: string): string | null {
  if (folder !== from && !folder.startsWith(`${from}/`)) return null;
  return to && to + folder.slice(from.length);
}

/**
 * Moves all templates of a folder and of those inside it: to the API a folder is what its templates say, so that is all
 * there is of it. A refusal ends it; what was moved by then stays so, and the rest can be moved again.
 */
export async function moveFolder(from: string, to: string): Promise<void> {
  const { items } = await bodyOf(api.GET("/v1/template-folders"));
  const moves: { id: string; folder: string }[] = [];
  for (const one of items) {
    const folder = movedTo(one.folder, from, to);
    if (folder !== null) moves.push(...(await idsIn(one.folder)).map((id) => ({ id, folder })));
  }
  await asOneAct(async () => {
    for (const { id, folder } of moves) await moveTemplate(id, folder);
  });
}

/** Nothing but the folder is changed, so whatever else somebody writes meanwhile stays. */
export function moveTemplate(templateId: string, folder: string) {
  return bodyOf(api.PATCH("/v1/templates/{template_id}", { params: { path: { template_id: templateId }, header: { "If-Match": "*" } }, body: { folder } }));
}

async function idsIn(folder: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await bodyOf(api.GET("/v1/templates", { params: { query: { kind: "own", folder, limit: A_PAGE, cursor } } }));
    ids.push(...page.items.map((one) => one.id));
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return ids;
}
