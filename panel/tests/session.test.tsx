import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as session from "@/api/session";
import { useIdleLock } from "@/areas/session/useIdleLock";
import i18n from "@/i18n";
import { apiThatAnswers, type Asked } from "./pages";

const ME = { access_token: "a-1", me: { id: "u1" } };

/** The session asks with an address, not with a request. */
function asked(status: number): string[] {
  const paths: string[] = [];
  vi.stubGlobal("fetch", async (of: Request | string) => {
    paths.push(typeof of === "string" ? of : new URL(of.url).pathname);
    return Response.json(status === 200 ? ME : { code: "session.over" }, { status });
  });
  return paths;
}

async function logIn(): Promise<Asked[]> {
  const all = apiThatAnswers(() => ME);
  await session.logIn({ login: "ann", password: "x" } as never);
  return all;
}

const mark = (part: string) => {
  document.cookie = `wici_session=${part}`;
};

beforeEach(() => {
  localStorage.clear();
  mark("; Max-Age=0");
});
afterEach(() => {
  vi.useRealTimers();
  session.forget();
});

test("a browser that nobody has logged in with asks for no new token", async () => {
  const paths = asked(401);

  expect(await session.renew()).toBe(false);
  expect(paths).toEqual([]);
});

test("a session that is over is asked for once, and then no more", async () => {
  await logIn();
  const paths = asked(401);

  expect(await session.renew()).toBe(false);
  expect(await session.renew()).toBe(false);
  expect(paths).toEqual(["/v1/sessions/refresh"]);
});

test("a cookie that has ended by itself is asked for in vain in no tab", async () => {
  mark("1");
  await logIn();
  asked(200);
  expect(await session.renew()).toBe(true);

  mark("; Max-Age=0");
  const paths = asked(401);
  expect(await session.renew()).toBe(false);
  expect(paths).toEqual([]);
});

test("a session from before its sign was goes on, and has it from then on", async () => {
  await logIn();
  mark("1");
  asked(200);
  expect(await session.renew()).toBe(true);

  session.forget();
  expect(session.mayBeIn()).toBe(false);
});

test("a server that does not answer ends no session", async () => {
  await logIn();
  asked(503);
  await expect(session.renew()).rejects.toMatchObject({ status: 503 });

  asked(200);
  expect(await session.renew()).toBe(true);
  expect(session.token()).toBe("a-1");
});

test("a desk is locked after an hour without a touch in any tab", async () => {
  await logIn();
  asked(200);
  vi.useFakeTimers();
  const { unmount } = renderHook(useIdleLock);

  vi.advanceTimersByTime(50 * 60_000);
  localStorage.setItem("wici-last-act", String(Date.now())); // in another tab
  vi.advanceTimersByTime(50 * 60_000);
  expect(session.token()).toBe("a-1");
  document.dispatchEvent(new Event("keydown"));
  vi.advanceTimersByTime(59 * 60_000);
  expect(session.token()).toBe("a-1");

  vi.advanceTimersByTime(2 * 60_000);
  vi.useRealTimers();
  await vi.waitFor(() => expect(session.token()).toBeNull());
  unmount();
});

test("a log-in that is refused is refused in the language of the page", async () => {
  await i18n.changeLanguage("pl");
  const languages: (string | null)[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    languages.push(request.headers.get("Accept-Language"));
    return Response.json(ME);
  });
  await session.logIn({ login: "ann", password: "x" } as never);
  expect(languages).toEqual(["pl"]);
});
