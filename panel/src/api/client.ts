import createFetchClient, { type Middleware } from "openapi-fetch";
import createQueries from "openapi-react-query";
import i18n from "@/i18n";
import { askingAgain } from "@/api/freshness";
import { Refusal } from "@/api/refusal";
import type { components, paths } from "@/api/schema";
import * as session from "@/api/session";
import { tagging } from "@/api/tags";

export type Schemas = components["schemas"];

const SESSION_ENDED = 401;

/** Sends the token and the language, and asks once for a new token where the old one is over. */
async function authorised(request: Request): Promise<Response> {
  const again = request.clone();
  const answer = await fetch(signed(request, session.token()));
  if (answer.status !== SESSION_ENDED) return answer;
  if (await session.renew()) return fetch(signed(again, session.token()));
  session.forget();
  return answer;
}

export function signed(request: Request, token: string | null): Request {
  if (token) request.headers.set("Authorization", `Bearer ${token}`);
  request.headers.set("Accept-Language", i18n.language);
  return request;
}

export const refusing: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return undefined;
    const problem = (await response.json().catch(() => ({}))) as object;
    throw Refusal.of(problem, response);
  },
};

/** The public API, typed by its own description; every answer that is none is thrown as a `Refusal`. */
export const api = createFetchClient<paths>({ baseUrl: globalThis.location?.origin ?? "", fetch: authorised });
api.use(refusing, tagging, askingAgain);

/** The same for components: `queries.useQuery("get", "/v1/groups")`. */
export const queries = createQueries(api);

/** An answer's body; the client throws where there is none to be had. */
export async function bodyOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

/** A PNG of the API as an address that an image can have: a plain one could not carry the token. */
export async function pictureAt(path: string): Promise<string> {
  const answer = await authorised(new Request(new URL(path, globalThis.location.origin), { headers: { Accept: "image/png" } }));
  if (!answer.ok) throw Refusal.of(await answer.json().catch(() => ({})), answer);
  const octets = new Uint8Array(await answer.arrayBuffer());
  const written = octets.reduce((text, octet) => text + String.fromCharCode(octet), "");
  return `data:image/png;base64,${btoa(written)}`;
}

/** Hands a file of the API to the browser's downloads: a link could not carry the token. */
export async function download(path: string, filename: string, accept = "*/*", ask = authorised): Promise<void> {
  const request = new Request(path, { headers: { Accept: accept } });
  const answer = await ask(request);
  if (!answer.ok) throw Refusal.of(await answer.json().catch(() => ({})), answer);
  const address = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = filename;
  link.click();
  URL.revokeObjectURL(address);
}
