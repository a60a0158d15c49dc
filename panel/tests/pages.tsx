import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
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

/** The API as a page sees it: `answer` is asked for each request; nothing is known of what it gives no answer to. */
export function apiThatAnswers(answer: (asked: Asked) => unknown): Asked[] {
  const all: Asked[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    const [ifMatch, key] = ["If-Match", "Idempotency-Key"].map((name) => request.headers.get(name));
    const asked = { method: request.method, path: pathname, query: Object.fromEntries(searchParams), body: await bodyOf(request), ifMatch: ifMatch ?? null, key: key ?? null };
    all.push(asked);
    const given = answer(asked);
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
