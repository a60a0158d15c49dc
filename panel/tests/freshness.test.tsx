import { QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { api, queries } from "@/api/client";
import { ASKED_BY_POST, asOneAct } from "@/api/freshness";
import { Security } from "@/areas/account/Security";
import { CombinationPage } from "@/areas/contacts/CombinationPage";
import { ImportPage } from "@/areas/contacts/ImportPage";
import { MeContext } from "@/areas/session/me";
import { questions } from "@/questions";
import { apiThatAnswers, open, pageOf } from "./pages";
import { sourcesIn } from "./sources";

const GROUP = { params: { path: { group_id: "g1" } } };
const AGAIN = { params: { path: { group_id: "g2" } } };
const refused = (status: number) => Response.json({ code: "no", detail: "No." }, { status });

/** A page that shows groups, and one of them, and knows of no act. */
function Shown() {
  const groups = queries.useQuery("get", "/v1/groups");
  const one = queries.useQuery("get", "/v1/groups/{group_id}", GROUP);
  return (
    <>
      <p>{groups.data?.items.map(({ name }) => name).join()}</p>
      <p>{one.data ? `one: ${one.data.name}` : "none"}</p>
    </>
  );
}

/** The page that shows groups, whose name goes on with each act; `to`: what an act is answered. */
async function shown(to: () => unknown = () => ({})) {
  let acts = 0;
  questions.clear();
  questions.setDefaultOptions({ queries: { retry: false } });
  const asked = apiThatAnswers(({ method, path }) => {
    if (method !== "GET") return ((acts += 1), to());
    const group = { id: "g1", name: `Name ${acts}` };
    return path === "/v1/groups" ? pageOf([group]) : group;
  });
  render(
    <QueryClientProvider client={questions}>
      <Shown />
    </QueryClientProvider>,
  );
  await screen.findByText("one: Name 0");
  return { times: (path: string) => asked.filter((one) => one.method === "GET" && one.path === path).length };
}

test("after an act a page that knows nothing of it shows how things are now", async () => {
  await shown();
  await act(() => api.PATCH("/v1/groups/{group_id}", { params: { ...GROUP.params, header: { "If-Match": "*" } }, body: { name: "New" } }));
  expect(await screen.findByText("Name 1")).toBeVisible();
  expect(await screen.findByText("one: Name 1")).toBeVisible();
});

test("what only asks, by POST, has nothing asked again", async () => {
  const { times } = await shown();
  await act(() => api.POST("/v1/sms/parts", { body: { text: "Hi" } as never }));
  await act(() => api.POST("/v1/groups", { body: { name: "New" } }));
  await screen.findByText("Name 2");
  expect(times("/v1/groups")).toBe(2);
});

test("a thing that was deleted is forgotten, and not asked for in vain; others are asked for again", async () => {
  const { times } = await shown(() => new Response(null, { status: 204 }));
  await act(() => api.DELETE("/v1/groups/{group_id}", { params: { ...GROUP.params, header: { "If-Match": "*" } } }));
  expect(await screen.findByText("none")).toBeVisible();
  expect(await screen.findByText("Name 1")).toBeVisible();
  expect(times("/v1/groups/g1")).toBe(1);
  await act(() => api.DELETE("/v1/groups/{group_id}", { params: { ...AGAIN.params, header: { "If-Match": "*" } } }));
  expect(await screen.findByText("Name 2")).toBeVisible();
});

test.each([
  [404, 2],
  [409, 2],
  [422, 1],
])("where an act is refused with %i all was asked %i times: only that says that the page is old", async (status, often) => {
  const { times } = await shown(() => refused(status));
  await act(() => api.POST("/v1/groups", { body: { name: "New" } }).catch(() => undefined));
  await act(() => questions.fetchQuery({ queryKey: ["other"], queryFn: () => 1 }));
  await waitFor(() => expect(times("/v1/groups")).toBe(often));
});

test("many acts one after another have all asked again once, also where one of them is refused", async () => {
  const { times } = await shown();
  const many = async () => {
    for (const name of ["A", "B", "C"]) await api.POST("/v1/groups", { body: { name } });
    throw new Error("refused");
  };
  await act(() => asOneAct(many).catch(() => undefined));
  expect(await screen.findByText("Name 3")).toBeVisible();
  expect(times("/v1/groups")).toBe(2);
});

test("whatever a page asks by POST is known as a question: else each answer would have it asked again for ever", () => {
  const asked = [...sourcesIn("src")].flatMap((text) => [...text.matchAll(/queryFn:[^;]*?\.POST\(\s*"([^"]+)"/g)].map((one) => one[1] ?? ""));
  expect(asked).not.toEqual([]);
  expect(asked.filter((one) => !ASKED_BY_POST.includes(one))).toEqual([]);
});

test("no page says for itself what is asked again after an act", () => {
  const own = [...sourcesIn("src/areas"), ...sourcesIn("src/kit")].filter((text) => /invalidateQueries\(\)/.test(text));
  expect(own).toEqual([]);
});

const RUNNING = { id: "i1", state: "running", filename: "a.csv", done: 1, total: 2, counts: { added: 1, updated: 0, unchanged: 0, merged: 0, rejected: 0 }, problems: {}, group_ids: [], error: null };

test("when an import is over, all is asked for again: its contacts are there by then", async () => {
  let state = "running";
  const asked = apiThatAnswers(({ path }) => (path === "/v1/imports/i1" ? { ...RUNNING, state } : pageOf([])));
  const WithGroups = () => (queries.useQuery("get", "/v1/groups"), (<ImportPage />));
  await open(WithGroups, "/imports/$importId", "/imports/i1");
  await screen.findByText(/1 of 2/);
  state = "done";
  await waitFor(() => expect(asked.filter(({ path }) => path === "/v1/groups")).toHaveLength(2), { timeout: 5000 });
});

test("the groups of a combination that was over before are not asked for once more", async () => {
  const made = { id: "c1", state: "done", operation: "union", done: 1, total: 1, items: [], error: null, finished_at: "2026-11-25T10:00:00Z" };
  const asked = apiThatAnswers(({ path }) => (path === "/v1/groups/combine/c1" ? made : pageOf([])));
  const WithGroups = () => (queries.useQuery("get", "/v1/groups"), (<CombinationPage />));
  await open(WithGroups, "/combine/$combinationId", "/combine/c1");
  await screen.findByRole("heading", { level: 1 });
  await screen.findByText(/not there any more/);
  expect(asked.filter(({ path }) => path === "/v1/groups")).toHaveLength(1);
});

test("recovery codes stay until they are kept, though the panel knows by then that there is a second factor", async () => {
  let second_factor = false;
  const asked = apiThatAnswers(({ path }) => {
    if (path === "/v1/me") return { id: "u1", second_factor, allowed: [] };
    if (path === "/v1/me/totp") return { secret: "ABC", qr_svg: "<svg/>" };
    if (path !== "/v1/me/totp/confirm") return pageOf([]);
    second_factor = true;
    return { recovery_codes: ["one-two", "three-four"] };
  });
  const Own = () => {
    const me = queries.useQuery("get", "/v1/me");
    return me.data ? <MeContext value={me.data}><Security /></MeContext> : null;
  };
  await open(Own, "/", "/");
  await userEvent.click(await screen.findByRole("button", { name: "Turn on" }));
  await userEvent.type(await screen.findByRole("textbox", { name: /code/i }), "123456");
  await userEvent.click(screen.getByRole("button", { name: "Confirm" }));
  await waitFor(() => expect(asked.filter(({ path }) => path === "/v1/me")).toHaveLength(3));
  await userEvent.click(await screen.findByRole("button", { name: "I have kept them" }));
  expect(await screen.findByText(/is on|turned on/i)).toBeVisible();
});
