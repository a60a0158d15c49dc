import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { KeywordList } from "@/areas/keywords/KeywordList";
import { type Asked, apiThatAnswers, open, pageOf } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const KEYWORD = { id: "k1", keyword: "CLUB", match: "beginning", number: "48799", answer: "Welcome!", group_id: "g1", grants_consent: true, enabled: true, created_at: AT, updated_at: AT };
const GROUP = { id: "g1", name: "Club", description: "", contacts: 3, created_at: AT };
const RIGHTS = { allowed: ["sms.keywords", "sms.senders", "contacts.read"] };

function account(keywords: object[], change?: (asked: Asked) => unknown) {
  return apiThatAnswers((asked) => {
    if (asked.method !== "GET") return change ? change(asked) : KEYWORD;
    if (asked.path === "/v1/stop-confirmation") return { enabled: false, text: "" };
    if (asked.path === "/v1/sms-keywords/k1") return KEYWORD;
    const lists: Record<string, object[]> = { "/v1/sms-keywords": keywords, "/v1/groups": [GROUP], "/v1/sender-ids": [{ sender: "48799" }, { sender: "SHOP" }] };
    return pageOf(lists[asked.path] ?? []);
  });
}

const show = (allowed = RIGHTS) => open(KeywordList, "/app/keywords", "/app/keywords", allowed);
const bodyOf = (asked: Asked[], method: string) => JSON.parse(asked.find((one) => one.method === method)?.body ?? "null");

test("a keyword is shown with what it does", async () => {
  account([KEYWORD]);
  await show();
  const row = within((await screen.findByRole("cell", { name: "CLUB" })).closest("tr") as HTMLElement);
  expect(row.getByText("the message begins with it")).toBeVisible();
  expect(row.getByText("Welcome!")).toBeVisible();
  expect(await row.findByText("Club")).toBeVisible();
});

test("a keyword is made with an answer to any number, and offers only senders that can be written to", async () => {
  const asked = account([]);
  await show();
  await screen.findByText("No keywords");
  await userEvent.click(screen.getByRole("button", { name: "New keyword" }));
  const dialog = within(screen.getByRole("dialog"));
  await userEvent.type(dialog.getByRole("textbox", { name: /^Keyword/ }), "offer");
  await userEvent.type(dialog.getByLabelText("Answer"), "10%");
  await userEvent.click(dialog.getByRole("combobox", { name: "Number" }));
  expect(await screen.findByRole("option", { name: "48799" })).toBeVisible();
  expect(screen.queryByRole("option", { name: "SHOP" })).not.toBeInTheDocument();
  await userEvent.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(asked.some(({ method, path }) => method === "POST" && path === "/v1/sms-keywords")).toBe(true));
  expect(bodyOf(asked, "POST")).toEqual({ keyword: "offer", match: "beginning", number: null, answer: "10%", group_id: null, grants_consent: false, enabled: true });
});

test("of a keyword only what was changed is sent, and without a group nobody agrees to anything", async () => {
  const asked = account([KEYWORD]);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: /CLUB/ }));
  const dialog = within(screen.getByRole("dialog"));
  expect(await dialog.findByRole("checkbox", { name: /agrees to SMS campaigns/ })).toBeChecked();
  expect(await dialog.findByDisplayValue("Club")).toBeVisible();
  await userEvent.click(dialog.getByLabelText("Clear"));
  expect(dialog.queryByRole("checkbox", { name: /agrees to SMS campaigns/ })).not.toBeInTheDocument();
  await userEvent.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(asked.some(({ method, path }) => method === "PATCH" && path === "/v1/sms-keywords/k1")).toBe(true));
  expect(bodyOf(asked, "PATCH")).toEqual({ group_id: null, grants_consent: false });
});

test("a refused keyword is told at its field", async () => {
  const refused = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "keyword", code: "keyword.reserved", detail: "STOP is no keyword." }] };
  account([], () => Response.json(refused, { status: 422 }));
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "New keyword" }));
  const field = within(screen.getByRole("dialog")).getByRole("textbox", { name: /^Keyword/ });
  await userEvent.type(field, "stop{Enter}");
  await waitFor(() => expect(field).toHaveAccessibleDescription(/STOP is no keyword/));
});

test("a keyword is deleted once that was asked", async () => {
  const asked = account([KEYWORD]);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Delete" }));
  expect(asked.some(({ method }) => method === "DELETE")).toBe(false);
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete" }));
  await waitFor(() => expect(asked).toContainEqual(expect.objectContaining({ method: "DELETE", path: "/v1/sms-keywords/k1" })));
});

test("the answer to a STOP is written beside the keywords", async () => {
  const asked = account([]);
  await show();
  await userEvent.click(await screen.findByRole("checkbox", { name: "Answer a STOP" }));
  await userEvent.type(screen.getByLabelText("Text"), "Goodbye");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(bodyOf(asked, "PUT")).toEqual({ enabled: true, text: "Goodbye" }));
});

test("who may not use keywords is told which right that takes", async () => {
  const asked = account([]);
  await show({ allowed: ["sms.senders"] });
  expect(await screen.findByText(/sms\.keywords/)).toBeVisible();
  expect(asked.filter(({ path }) => path !== "/v1/permissions")).toEqual([]);
});
