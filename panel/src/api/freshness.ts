import type { Middleware } from "openapi-fetch";
import { useEffect, useRef } from "react";
import type { paths } from "@/api/schema";
import { questions } from "@/questions";

/** What is asked by POST, because it needs a body, and changes nothing that a page shows. */
export const ASKED_BY_POST: readonly string[] = [
  "/v1/audiences/count",
  "/v1/campaigns/{campaign_id}/preview",
  "/v1/contacts/search",
  "/v1/contents/check",
  "/v1/contents/preview",
  "/v1/imports/preview",
  "/v1/segments/count",
  "/v1/sms/parts",
] satisfies (keyof paths)[];

/** A thing is gone, or is not as the page shows it. */
const OUTDATED = [404, 409];

let latest: Promise<unknown> = Promise.resolve();
let together = 0;

/**
 * After any act all that the panel knows is asked for again: what pages show now at once, everything else when a page
 * shows it next. A deleted thing is forgotten, as it would only be asked for in vain.
 */
export const askingAgain: Middleware = {
  async onResponse({ request, response, schemaPath, params }) {
    const isAct = request.method !== "GET" && !ASKED_BY_POST.includes(schemaPath);
    if (!isAct || !(response.ok || OUTDATED.includes(response.status))) return undefined;
    const isGone = request.method === "DELETE" && schemaPath.endsWith("}") ? ofThing(schemaPath, params.path ?? {}) : () => false;
    for (const gone of questions.getQueryCache().findAll({ predicate: ({ queryKey }) => isGone(queryKey) })) gone.reset();
    if (together === 0) askAgain(isGone);
    return undefined;
  },
};

/** For many acts one after another: all is asked for again once they are done, or one of them is refused. */
export async function asOneAct<T>(acts: () => Promise<T>): Promise<T> {
  together += 1;
  try {
    return await acts();
  } finally {
    together -= 1;
    askAgain();
  }
}

/** Resolves when the page shows how things are after the latest act. */
export async function askedAgain(): Promise<void> {
  await latest;
}

/** What a job changes is there once it is over: then all is asked for again, unless it was over from the first. */
export function useAskingAgainWhen(isOver: boolean) {
  const wasOver = useRef(isOver);
  useEffect(() => {
    if (isOver && !wasOver.current) askAgain();
    wasOver.current = isOver;
  }, [isOver]);
}

function askAgain(isGone: (queryKey: readonly unknown[]) => boolean = () => false) {
  latest = questions.invalidateQueries({ predicate: ({ queryKey }) => !isGone(queryKey) });
}

/** Whether a question is about one thing, or about something that belongs to it. */
function ofThing(address: string, ids: Record<string, unknown>) {
  return ([, asked, about]: readonly unknown[]) => {
    const named = (about as { params?: { path?: Record<string, unknown> } } | undefined)?.params?.path ?? {};
    return String(asked).startsWith(address) && Object.entries(ids).every(([name, id]) => named[name] === id);
  };
}
