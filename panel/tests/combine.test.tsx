import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { CombinationPage } from "@/areas/contacts/CombinationPage";
import { CombineGroups } from "@/areas/contacts/CombineGroups";
import { apiThatAnswers, open, pageOf } from "./pages";

const GROUPS = ["Customers", "Partners", "Staff"].map((name, place) => ({ id: `g${place + 1}`, name, contacts: 4 }));
const JOB = { id: "j1", operation: "union", state: "running", done: 0, total: null, items: [], error: null, created_at: "2027-03-01T10:00:00Z", finished_at: null };
const TERMS = { fields: [{ name: "city", label: "City", type: "text", is_custom: false, operators: [{ op: "eq", label: "is", value: "text" }] }], limits: {} };

async function form(refused: object | null = null) {
  const asked = apiThatAnswers(({ method, path }) => {
    if (method === "POST") return refused ? Response.json(refused, { status: 422 }) : JOB;
    return path === "/v1/segments/schema" ? TERMS : pageOf(GROUPS);
  });
  await open(CombineGroups, "/app/groups/combine", "/app/groups/combine", { allowed: ["contacts.write"] });
  return () => asked.filter(({ method }) => method === "POST").map(({ body }) => JSON.parse(body));
}

const choose = async (label: string, ...names: string[]) => {
  for (const name of names) {
    await userEvent.click(await screen.findByRole("combobox", { name: label }));
    await userEvent.click(await screen.findByRole("option", { name }));
  }
};
const make = () => userEvent.click(screen.getByRole("button", { name: "Make it" }));

test("groups are joined into a new one", async () => {
  const sent = await form();
  await choose("Groups", "Customers", "Staff");
  await userEvent.type(screen.getByLabelText(/^Name of the new group/), "Everybody");
  await make();
  await waitFor(() => expect(sent()).toEqual([{ operation: "union", group_ids: ["g1", "g3"], name: "Everybody" }]));
});

test("some are taken from a group, which cannot be taken from itself", async () => {
  const sent = await form();
  await userEvent.click(await screen.findByRole("radio", { name: "One group without others" }));
  await choose("Of the group", "Customers");
  await userEvent.click(screen.getByRole("combobox", { name: "Without those in" }));
  expect(await screen.findByRole("option", { name: "Staff" })).toBeInTheDocument();
  await userEvent.click(screen.getByRole("option", { name: "Partners" }));
  await userEvent.type(screen.getByLabelText(/^Name of the new group/), "Others");
  await make();
  await waitFor(() => expect(sent()).toEqual([{ operation: "subtract", group_ids: ["g1", "g2"], name: "Others" }]));
});

test("those of a group who fit rules make a new one", async () => {
  const sent = await form();
  await userEvent.click(await screen.findByRole("radio", { name: "Those of a group who fit rules" }));
  await choose("Of the group", "Customers");
  await userEvent.click(await screen.findByRole("button", { name: "Add a condition" }));
  await userEvent.type(screen.getByRole("textbox", { name: "Value" }), "Gdynia");
  await userEvent.type(screen.getByLabelText(/^Name of the new group/), "Gdynia");
  await make();
  await waitFor(() => expect(sent()).toEqual([{ operation: "filter", group_ids: ["g1"], name: "Gdynia", rules: { all: [{ field: "city", op: "eq", value: "Gdynia" }] } }]));
});

test("parts that do not make a whole are not sent", async () => {
  const sent = await form();
  await userEvent.click(await screen.findByRole("radio", { name: "Parts of a group" }));
  await choose("Of the group", "Customers");
  for (const [place, name] of ["A", "B"].entries()) await userEvent.type(screen.getByLabelText(new RegExp(`^Name of part ${place + 1}`)), name);
  const share = screen.getByLabelText(/^Share of part 2/);
  await userEvent.clear(share);
  await userEvent.type(share, "30");
  await make();
  expect(await screen.findByText("The parts have to make 100% together.")).toBeVisible();
  await userEvent.clear(share);
  await userEvent.type(share, "50");
  await make();
  await waitFor(() => expect(sent()).toEqual([{ operation: "split", group_ids: ["g1"], parts: [{ name: "A", percent: 50 }, { name: "B", percent: 50 }] }]));
});

test("what is refused stands at its field, and who may not change contacts is told by whom to ask", async () => {
  await form({ code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "group_ids", code: "length.too_short", detail: "Choose at least one." }] });
  await userEvent.type(await screen.findByLabelText(/^Name of the new group/), "Nobody");
  await make();
  await waitFor(() => expect(screen.getByRole("combobox", { name: "Groups" })).toHaveAccessibleDescription(/at least one/));
});

test("without the right to change contacts there is no form", async () => {
  apiThatAnswers(() => pageOf(GROUPS));
  await open(CombineGroups, "/app/groups/combine", "/app/groups/combine");
  expect(await screen.findByText(/contacts\.write/)).toBeVisible();
});

const watch = (job: object, allowed: string[] = ["contacts.write"], language: "en" | "pl" = "en") => {
  let now = job;
  const asked = apiThatAnswers(({ method, path }) => {
    if (method === "POST" && path.endsWith("/cancel")) now = { ...now, state: "cancelled", finished_at: JOB.created_at };
    return now;
  });
  const finish = (parts: object) => (now = { ...now, finished_at: JOB.created_at, ...parts });
  return open(CombinationPage, "/app/groups/combine/$combinationId", "/app/groups/combine/j1", { allowed, language }).then(() => ({ asked, finish }));
};

test("how far it is is told at its own address, and the new groups when they are there", async () => {
  const { finish } = await watch({ ...JOB, operation: "split", done: 5, total: 20 });
  expect(await screen.findByText("5 of 20 contacts")).toBeVisible();
  expect(screen.getByRole("progressbar")).toHaveAttribute("aria-valuenow", "25");
  finish({ state: "done", items: [{ id: "n1", name: "A", contacts: 1 }, { id: "n2", name: "B", contacts: 19 }] });
  expect(await screen.findByRole("link", { name: "B" })).toHaveAttribute("href", "/app/contacts?group=n2");
  expect(screen.getByText("1 contact")).toBeVisible();
  expect(screen.queryByRole("progressbar")).not.toBeInTheDocument();
});

test("it is stopped after one question, by who may change contacts", async () => {
  await watch(JOB, ["contacts.write"], "pl");
  expect(await screen.findByText("Liczymy, kto do niej należy…")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Zatrzymaj" }));
  await userEvent.click(screen.getAllByRole("button", { name: "Zatrzymaj" }).at(-1) as HTMLElement);
  expect(await screen.findByText("Zatrzymano: nie powstała żadna nowa grupa.")).toBeVisible();
});
