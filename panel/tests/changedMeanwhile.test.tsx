import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { api, queries } from "@/api/client";
import { useSaveDraft } from "@/areas/campaigns/draft";
import { KeywordList } from "@/areas/keywords/KeywordList";
import { StopAnswer } from "@/areas/keywords/StopAnswer";
import { Edited } from "@/kit/Edited";
import { apiThatKeeps, open } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const KEYWORD = { id: "k1", keyword: "CLUB", match: "beginning", number: null, answer: "Welcome!", group_id: null, grants_consent: false, enabled: true, created_at: AT, updated_at: AT };
const CHANGED = "Somebody has changed this meanwhile";

async function stopAnswer() {
  const api = apiThatKeeps("/v1/stop-confirmation", { enabled: true, text: "Bye" });
  await open(StopAnswer, "/", "/");
  return { ...api, text: await screen.findByLabelText("Text") };
}

/** An edit that says no version does not compile; `*` is any. */
export function careless() {
  // @ts-expect-error: `If-Match` is missing.
  return api.PUT("/v1/stop-confirmation", { body: { enabled: true, text: "" } });
}

const save = () => userEvent.click(screen.getByRole("button", { name: "Save" }));

test("each save is about the version that the one before has made", async () => {
  const { text, saves } = await stopAnswer();
  await userEvent.type(text, "!");
  await save();
  await waitFor(() => expect(saves()).toHaveLength(1));
  await userEvent.type(text, "?");
  await save();
  await waitFor(() => expect(saves().map(({ ifMatch }) => ifMatch)).toEqual(['"v1"', '"v2"']));
  expect(text).toHaveValue("Bye!?");
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
});

test("what somebody else has changed is replaced by a second save, and only if that is wanted", async () => {
  const { text, saves, changed, now } = await stopAnswer();
  await userEvent.type(text, " Ann");
  changed({ text: "Farewell" });
  await save();
  expect(await screen.findByRole("alert")).toHaveTextContent(CHANGED);
  await save();
  await waitFor(() => expect(saves()).toHaveLength(2));
  expect([now().text, (text as HTMLTextAreaElement).value]).toEqual(["Farewell", "Bye Ann"]);
  await userEvent.click(await screen.findByRole("button", { name: "Keep what I typed" }));
  expect(screen.getByRole("alert")).toHaveTextContent("yours replaces it");
  await userEvent.type(text, "!");
  await save();
  await waitFor(() => expect(now().text).toBe("Bye Ann!"));
  await waitFor(() => expect(screen.queryByRole("alert")).not.toBeInTheDocument());
  expect(saves().map(({ ifMatch }) => ifMatch)).toEqual(['"v1"', '"v1"', '"v2"']);
});

test("a third version is told again, whatever was agreed about the second", async () => {
  const { text, changed, now } = await stopAnswer();
  await userEvent.type(text, "!");
  changed({ text: "Second" });
  await save();
  await userEvent.click(await screen.findByRole("button", { name: "Keep what I typed" }));
  changed({ text: "Third" });
  await save();
  expect(await screen.findByRole("button", { name: "Keep what I typed" })).toBeVisible();
  expect(now().text).toBe("Third");
});

test("the newer version is looked at in place of what was typed, and can then be changed", async () => {
  const { text, changed, now } = await stopAnswer();
  await userEvent.type(text, " Ann");
  changed({ text: "Farewell" });
  await save();
  await userEvent.click(await screen.findByRole("button", { name: "Show the newer version" }));
  expect(await screen.findByDisplayValue("Farewell")).toBeVisible();
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  await userEvent.type(screen.getByLabelText("Text"), "!");
  await save();
  await waitFor(() => expect(now().text).toBe("Farewell!"));
});

test("a newer version is shown by itself until something is typed", async () => {
  const { text, changed, asked } = await stopAnswer();
  changed({ text: "Farewell" });
  window.dispatchEvent(new Event("visibilitychange"));
  expect(await screen.findByDisplayValue("Farewell")).toBeVisible();
  expect(text).not.toBeInTheDocument();
  await userEvent.type(screen.getByLabelText("Text"), "!");
  changed({ text: "Adieu" });
  const before = asked.length;
  window.dispatchEvent(new Event("visibilitychange"));
  await waitFor(() => expect(asked.length).toBeGreaterThan(before));
  expect(screen.getByLabelText("Text")).toHaveValue("Farewell!");
});

test("one of a list is opened as it is now, and says when it was changed meanwhile", async () => {
  const { saves, changed, now } = apiThatKeeps("/v1/sms-keywords/k1", { ...KEYWORD, answer: "Hello!" }, { "/v1/sms-keywords": [KEYWORD], "/v1/groups": [], "/v1/sender-ids": [] });
  await open(KeywordList, "/app/keywords", "/app/keywords", { allowed: ["sms.keywords"] });
  await userEvent.click(await screen.findByRole("button", { name: /CLUB/ }));
  const dialog = within(screen.getByRole("dialog"));
  const answer = await dialog.findByDisplayValue("Hello!");
  await userEvent.type(answer, " Ann");
  changed({ match: "exact", updated_at: "2027-03-02T10:00:00Z" });
  await userEvent.click(dialog.getByRole("button", { name: "Save" }));
  expect(await dialog.findByText(/Last changed: 2 Mar 2027, 11:00/)).toBeVisible();
  await userEvent.click(dialog.getByRole("button", { name: "Keep what I typed" }));
  await userEvent.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(saves().map(({ ifMatch, body }) => [ifMatch, JSON.parse(body)])).toEqual([['"v1"', { answer: "Hello! Ann" }], ['"v2"', { answer: "Hello! Ann" }]]);
  expect(now()).toMatchObject({ match: "exact", answer: "Hello! Ann" });
});

function Draft() {
  const draft = queries.useQuery("get", "/v1/campaigns/{campaign_id}", { params: { path: { campaign_id: "c1" } } });
  return <Edited of={draft}>{(found) => <Twice id={found.id} />}</Edited>;
}

function Twice({ id }: { id: string }) {
  const { keep } = useSaveDraft(id);
  return <button onClick={() => void Promise.all([keep({ name: "One" }), keep({ name: "Two" })])}>Save</button>;
}

test("two changes of a draft at once do not come into each other's way", async () => {
  const { saves, now } = apiThatKeeps("/v1/campaigns/c1", { id: "c1", name: "Spring" });
  await open(Draft, "/", "/");
  await screen.findByRole("button", { name: "Save" });
  await save();
  await waitFor(() => expect(now().name).toBe("Two"));
  expect(saves().map(({ ifMatch }) => ifMatch)).toEqual(['"v1"', '"v2"']);
});
