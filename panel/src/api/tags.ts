import type { Middleware } from "openapi-fetch";

/** The API has no field of such a name; as one of the thing it goes along wherever the thing is kept. */
const TAG = "$tag";

/** Keeps which version of a thing an answer shows (`ETag`), in the thing. */
export const tagging: Middleware = {
  async onResponse({ response }) {
    const tag = response.ok && response.headers.get("ETag");
    if (!tag || !response.headers.get("Content-Type")?.startsWith("application/json")) return undefined;
    const thing = (await response.json()) as object;
    return new Response(JSON.stringify({ ...thing, [TAG]: tag }), { status: response.status, headers: { "Content-Type": "application/json" } });
  },
};

/** The version of a thing that the API has shown alone; things of a list have none. */
export function tagOf(thing: object): string | undefined {
  return (thing as { [TAG]?: string })[TAG];
}
