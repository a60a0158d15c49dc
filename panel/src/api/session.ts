import createClient from "openapi-fetch";
import type { components, paths } from "@/api/schema";
import { Refusal } from "@/api/refusal";
import i18n from "@/i18n";

export type Me = components["schemas"]["Me"];
export type Credentials = components["schemas"]["SessionCreate"];

/**
 * The session of this tab: the access token is in memory alone, the refresh token in a cookie that no script reads
 * (`Wici-Session: cookie`). All tabs share the cookie; a log-out in one is told to the others.
 */
const COOKIE_MODE = { "Wici-Session": "cookie" };
const LOGGED_OUT = "logged-out";
/** Holds who is logged in while this browser has the cookie, which no script can see: without it nobody asks in vain. */
const MAY_BE_IN = "wici-session";
/** The gateway's sign beside that cookie, which lives as long. It was seen once where `MARKED` is kept: a session from before it was has none. */
const MARK = /(^|; )(__Secure-)?wici_session=/;
const MARKED = "wici-session-marked";
const ENDED = [400, 401, 403];

let accessToken: string | null = null;
/** The user's id. */
let who: string | null = null;
let renewing: Promise<boolean> | null = null;
const whenEnded = new Set<() => void>();
const otherTabs = "BroadcastChannel" in globalThis ? new BroadcastChannel("wici-session") : null;
const bare = createClient<paths>({ baseUrl: globalThis.location?.origin ?? "", fetch: (request) => fetch(request) });

otherTabs?.addEventListener("message", (event) => {
  if (event.data === LOGGED_OUT) forget();
  // Somebody else has logged in: nothing of the one before may stay on the page.
  else if (who && event.data !== who) globalThis.location.reload();
});

export function token(): string | null {
  return accessToken;
}

/** Whether somebody may be logged in here; false is certain, also where the cookie has ended by itself. */
export function mayBeIn(): boolean {
  return accessToken !== null || mayHaveCookie();
}

function mayHaveCookie(): boolean {
  return localStorage.getItem(MAY_BE_IN) !== null && (MARK.test(document.cookie) || localStorage.getItem(MARKED) === null);
}

/** Keeps what `mayHaveCookie` goes by, once there are new tokens. */
function remember(user: string): void {
  localStorage.setItem(MAY_BE_IN, user);
  if (MARK.test(document.cookie)) localStorage.setItem(MARKED, "yes");
  else localStorage.removeItem(MARKED);
}

function forgetCookie(): void {
  for (const name of [MAY_BE_IN, MARKED]) localStorage.removeItem(name);
}

/** Calls `listener` when the session is over, here or in another tab; returns how to stop that. */
export function onEnd(listener: () => void): () => void {
  whenEnded.add(listener);
  return () => whenEnded.delete(listener);
}

/** @throws Refusal `session.totp_required` where a code is wanted; any other as the API says it. */
export async function logIn(credentials: Credentials): Promise<Me> {
  const { data, error, response } = await bare.POST("/v1/sessions", { body: credentials, headers: { ...COOKIE_MODE, "Accept-Language": i18n.language } });
  if (!data) throw Refusal.of(error, response);
  accessToken = data.access_token;
  who = data.me.id;
  remember(who);
  otherTabs?.postMessage(who);
  return data.me;
}

/**
 * A new access token for the cookie's refresh token; false where there is no session. Asked once at a time.
 *
 * @throws Refusal where nobody could be asked: then the session may go on later.
 */
export function renew(): Promise<boolean> {
  renewing ??= askForRenewal().finally(() => {
    renewing = null;
  });
  return renewing;
}

export async function logOut(): Promise<void> {
  const headers = { Authorization: `Bearer ${accessToken}` };
  await fetch("/v1/sessions/current", { method: "DELETE", headers }).catch(() => undefined);
  otherTabs?.postMessage(LOGGED_OUT);
  forget();
}

/** The session is over: nothing of it stays in memory. */
export function forget(): void {
  accessToken = who = null;
  forgetCookie();
  for (const listener of whenEnded) listener();
}

async function askForRenewal(): Promise<boolean> {
  who = mayHaveCookie() ? localStorage.getItem(MAY_BE_IN) : null;
  if (!who) {
    forgetCookie();
    return false;
  }
  // Without a body: the cookie, which the browser adds, is the whole question.
  const answer = await fetch("/v1/sessions/refresh", { method: "POST", headers: COOKIE_MODE }).catch(() => null);
  if (!answer) throw new Refusal({}, 0);
  if (ENDED.includes(answer.status)) {
    forgetCookie();
    return false;
  }
  if (!answer.ok) throw Refusal.of(await answer.json().catch(() => ({})), answer);
  accessToken = ((await answer.json()) as { access_token: string }).access_token;
  // Nobody logged out meanwhile.
  if (who) remember(who);
  return true;
}
