import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import { readFileSync } from "node:fs";
import type { FunctionComponent } from "react";
import { vi } from "vitest";
import type { Me } from "@/api/session";
import { MeContext } from "@/areas/session/me";
import i18n, { type Language } from "@/i18n";
import { readSearch } from "@/kit/search";
import { TimeZone } from "@/kit/times";
import { questions } from "@/questions";

export interface Asked {
  method: string;
  path: string;
  query: Record<string, string>;
  body: string;
  /** Which version it is about. */
  ifMatch: string | null;
  /** By which a repeat is told from another request. */
  key: string | null;
}

interface Operation {
  responses: Record<string, { content?: { "application/json"?: { schema?: { $ref?: string; properties?: object } } } }>;
}
const DESCRIPTION = JSON.parse(readFileSync("build/openapi.json", "utf-8")) as { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, { properties?: object }> } };

/** Whether the API's answer to a request has `items`; of what it does not describe, anything may be said. */
function isList({ method, path }: Asked): boolean {
  const parts = path.split("/");
  const fits = (described: string) => described.split("/").length === parts.length && described.split("/").every((part, at) => part.startsWith("{") || part === parts[at]);
  const [found] = Object.keys(DESCRIPTION.paths).filter(fits).sort((one, other) => one.split("{").length - other.split("{").length);
  const operation = found && DESCRIPTION.paths[found]?.[method.toLowerCase()];
  if (!operation) return true;
  const { $ref, properties } = Object.entries(operation.responses).find(([status]) => status.startsWith("2"))?.[1].content?.["application/json"]?.schema ?? {};
  return "items" in (($ref ? DESCRIPTION.components.schemas[$ref.split("/").at(-1) ?? ""]?.properties : properties) ?? {});
}

/**
 * The API as a page sees it: `answer` is asked for each request; nothing is known of what it gives no answer to, nor of a page of
 * a list where the API has none: pages ask for some things a moment after a key, so that only a slow machine would see it.
 */
export function apiThatAnswers(answer: (asked: Asked) => unknown): Asked[] {
  const all: Asked[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    const [ifMatch, key] = ["If-Match", "Idempotency-Key"].map((name) => request.headers.get(name));
    const asked = { method: request.method, path: pathname, query: Object.fromEntries(searchParams), body: await bodyOf(request), ifMatch: ifMatch ?? null, key: key ?? null };
    all.push(asked);
    const told = answer(asked);
    const given = told && typeof told === "object" && "next_cursor" in told && !isList(asked) ? undefined : told;
    if (given instanceof Response) return given;
    return given === undefined ? Response.json({ title: "Not found", code: "not_found" }, { status: 404 }) : Response.json(given);
  });
  return all;
}

async function bodyOf(request: Request): Promise<string> {
  return request.headers.get("Content-Type")?.startsWith("multipart/") ? "a form" : request.text();
}

/** The API with one thing at `path` that somebody else may change meanwhile (`changed`), and with `lists`. */
export function apiThatKeeps(path: string, first: object, lists: Record<string, object[]> = {}) {
  let thing: Record<string, unknown> = { ...first };
  let version = 1;
  const shown = () => Response.json(thing, { headers: { ETag: `"v${version}"` } });
  const changed = (parts: object) => {
    thing = { ...thing, ...parts };
    version += 1;
  };
  const asked = apiThatAnswers((one) => {
    if (one.path !== path) return lists[one.path] && pageOf(lists[one.path] ?? []);
    if (one.method === "GET") return shown();
    if (one.ifMatch !== `"v${version}"`) return Response.json({ code: "precondition.failed", detail: "Look again.", etag: `"v${version}"` }, { status: 412 });
    if (one.method === "DELETE") return new Response(null, { status: 204 });
    changed(JSON.parse(one.body));
    return shown();
  });
  const saves = () => asked.filter(({ method }) => method !== "GET");
  return { asked, saves, changed, now: () => thing };
}

/** A page of a list. */
export function pageOf(items: object[]) {
  return { items, next_cursor: null, total: items.length, total_is_estimate: false };
}

/** Shows one page at its address, to somebody who may do what `allowed` says, or to the owner. */
export async function open(Page: FunctionComponent, path: string, at: string, { allowed = [] as string[], language = "en" as Language, isOwner = false, state = "active" } = {}) {
  await i18n.changeLanguage(language);
  const me = { id: "u1", login: "ann", email: "ann@shop.test", email_confirmed: true, time_zone: "Europe/Warsaw", allowed, account_state: state, is_owner: isOwner, quota: [] } as unknown as Me;
  const root = createRootRoute({ validateSearch: readSearch });
  const route = createRoute({ getParentRoute: () => root, path, component: Page });
  const router = createRouter({ routeTree: root.addChildren([route]), history: createMemoryHistory({ initialEntries: [at] }) });
  questions.clear();
  questions.setDefaultOptions({ queries: { retry: false } });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={questions}>
        <MeContext value={me}>
          <TimeZone value={me.time_zone}>
            <RouterProvider router={router as never} />
          </TimeZone>
        </MeContext>
      </QueryClientProvider>
    </MantineProvider>,
  );
}
