import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ScheduleList } from "@/areas/schedules/ScheduleList";
import { apiThatAnswers, open, pageOf } from "./pages";

const AT = "2027-03-01T07:00:00Z";
const WEEKLY = { id: "s1", kind: "weekly", user_ids: ["u1", "u2", "u9"], next_at: AT, last_at: null, created_at: AT };
const AFTER = { ...WEEKLY, id: "s2", kind: "campaign", user_ids: ["u1"], next_at: null };
const USERS = [
  { id: "u1", login: "ann", state: "active", email_confirmed: true },
  { id: "u2", login: "bob", state: "active", email_confirmed: true },
  { id: "u3", login: "eve", state: "invited", email_confirmed: false },
];

function account(schedules: object[]) {
  return apiThatAnswers(({ method, path }) => (method === "GET" ? pageOf(path === "/v1/users" ? USERS : schedules) : WEEKLY));
}

const show = (...allowed: string[]) => open(ScheduleList, "/app/report-schedules", "/app/report-schedules", { allowed });

test("reports by mail are shown with when they come and to whom", async () => {
  account([WEEKLY, AFTER]);
  await show("reports.read", "users.manage");
  expect(await screen.findByText("ann, bob, 1 other")).toBeVisible();
  expect(screen.getByText("1 Mar 2027, 08:00")).toBeVisible();
  expect(screen.getByText("after the next campaign")).toBeVisible();
});

test("a report goes to users who can be reached, and who are chosen", async () => {
  const asked = account([]);
  await show("reports.read", "users.manage");
  await userEvent.click(await screen.findByRole("button", { name: "New report by mail" }));
  const dialog = within(screen.getByRole("dialog"));
  await userEvent.click(dialog.getByRole("radio", { name: "Every month" }));
  await userEvent.click(dialog.getByRole("combobox", { name: /^To/ }));
  await userEvent.click(await screen.findByRole("option", { name: "bob" }));
  expect(screen.queryByRole("option", { name: "eve" })).not.toBeInTheDocument();
  await userEvent.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(asked.some(({ method }) => method === "POST")).toBe(true));
  expect(JSON.parse(asked.find(({ method }) => method === "POST")?.body ?? "")).toEqual({ kind: "monthly", user_ids: ["u1", "u2"] });
});

test("who may not see users has reports come to themselves alone", async () => {
  const asked = account([]);
  await show("reports.read");
  await userEvent.click(await screen.findByRole("button", { name: "New report by mail" }));
  const dialog = within(screen.getByRole("dialog"));
  expect(dialog.queryByRole("combobox")).not.toBeInTheDocument();
  expect(dialog.getByText("It comes to ann@shop.test.")).toBeVisible();
  await userEvent.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(asked.some(({ method }) => method === "POST")).toBe(true));
  expect(JSON.parse(asked.find(({ method }) => method === "POST")?.body ?? "")).toEqual({ kind: "weekly", user_ids: ["u1"] });
  expect(asked.some(({ path }) => path === "/v1/users")).toBe(false);
});

test("one too many is refused in the API's words", async () => {
  apiThatAnswers(({ method }) => (method === "GET" ? pageOf([]) : Response.json({ code: "report_schedule.too_many", detail: "An account has at most 10 of them." }, { status: 409 })));
  await show("reports.read");
  await userEvent.click(await screen.findByRole("button", { name: "New report by mail" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Save" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("An account has at most 10 of them.");
});

test("a report by mail ends once that was asked", async () => {
  const asked = account([AFTER]);
  await show("reports.read", "users.manage");
  await screen.findByText("ann");
  await userEvent.click(screen.getByRole("button", { name: "Delete" }));
  const dialog = within(screen.getByRole("dialog"));
  expect(dialog.getByText("The report “after each campaign” will come no more to: ann.")).toBeVisible();
  await userEvent.click(dialog.getByRole("button", { name: "Delete" }));
  await waitFor(() => expect(asked).toContainEqual(expect.objectContaining({ method: "DELETE", path: "/v1/report-schedules/s2" })));
});
