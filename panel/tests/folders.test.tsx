import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { movedTo } from "@/areas/templates/folders";
import { TemplateList } from "@/areas/templates/TemplateList";
import { type Asked, apiThatAnswers, open, pageOf } from "./pages";

const SPRING = { id: "1", kind: "own", name: "Spring", folder: "Shop", channel: "email", language: null, version: 1, updated_at: "2027-03-01T10:00:00Z" };
const SUMMER = { ...SPRING, id: "2", name: "Summer", folder: "Shop/2027" };
const LOOSE = { ...SPRING, id: "3", name: "Loose", folder: "" };
const WRITER = { allowed: ["email.campaigns.write"] };

/** Folders are where their templates are, as in the API. */
function account(refuse: (asked: Asked) => boolean = () => false) {
  const all = [SPRING, SUMMER, LOOSE].map((one) => ({ ...one }));
  return apiThatAnswers((asked) => {
    if (refuse(asked)) return Response.json({ code: "permission.denied", detail: "Not yours." }, { status: 422 });
    if (asked.method === "PATCH") return Object.assign(all.find((one) => asked.path.endsWith(one.id)) ?? {}, JSON.parse(asked.body));
    if (asked.path === "/v1/template-folders") return { items: [...new Set(all.map((one) => one.folder))].sort().map((folder) => ({ folder, templates: 1 })) };
    const { kind, folder } = asked.query;
    return pageOf(kind === "own" ? all.filter((one) => folder === undefined || one.folder === folder) : []);
  });
}

const show = (after = "", who = WRITER) => open(TemplateList, "/app/templates", `/app/templates${after}`, who);
const moves = (asked: Asked[]) => asked.filter(({ method }) => method === "PATCH").map(({ path, body }) => [path.split("/").at(-1), JSON.parse(body).folder]);

test("a folder's path goes along with the folder that it is in, and no other does", () => {
  expect(movedTo("Shop", "Shop", "Store")).toBe("Store");
  expect(movedTo("Shop/2027", "Shop", "Shop/old")).toBe("Shop/old/2027");
  expect(movedTo("Shop/2027", "Shop", "")).toBe("");
  expect(movedTo("Shopping", "Shop", "Store")).toBeNull();
});

test("a folder is looked into, and what is in none can be, too", async () => {
  account();
  await show("?folder=Shop");
  expect(await screen.findByText("Spring")).toBeVisible();
  expect(screen.queryByText("Loose")).not.toBeInTheDocument();
  expect(screen.queryByRole("region", { name: "Ready-made" })).not.toBeInTheDocument();
  await userEvent.click(await screen.findByRole("combobox", { name: "Folder" }));
  await userEvent.click(await screen.findByRole("option", { name: "in no folder" }));
  expect(await screen.findByText("Loose")).toBeVisible();
  expect(screen.queryByText("Spring")).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Rename the folder" })).not.toBeInTheDocument();
});

test("a template is moved into a folder that was not there before", async () => {
  const asked = account();
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Move Loose" }));
  const dialog = within(screen.getByRole("dialog"));
  await userEvent.type(dialog.getByRole("combobox", { name: "Folder" }), "New ");
  await userEvent.click(dialog.getByRole("button", { name: "Save" }));
  expect(await screen.findByRole("cell", { name: "New" })).toBeVisible();
  expect(moves(asked)).toEqual([["3", "New"]]);
});

test("a renamed folder takes all that is inside it along", async () => {
  const asked = account();
  await show("?folder=Shop");
  await userEvent.click(await screen.findByRole("button", { name: "Rename the folder" }));
  const dialog = within(screen.getByRole("dialog"));
  await userEvent.type(dialog.getByRole("combobox", { name: /^Folder/ }), "/old");
  await userEvent.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(moves(asked)).toEqual([["1", "Shop/old"], ["2", "Shop/old/2027"]]));
  expect(await screen.findByRole("cell", { name: "Shop/old" })).toBeVisible();
});

test("a folder is deleted once that was asked, and its templates stay", async () => {
  const asked = account();
  await show("?folder=Shop");
  await userEvent.click(await screen.findByRole("button", { name: "Delete the folder" }));
  expect(moves(asked)).toEqual([]);
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete the folder" }));
  await waitFor(() => expect(moves(asked)).toEqual([["1", ""], ["2", ""]]));
  expect(await screen.findByText("Loose")).toBeVisible();
});

test("a refusal ends the renaming, and is told", async () => {
  const asked = account(({ method }) => method === "PATCH");
  await show("?folder=Shop");
  await userEvent.click(await screen.findByRole("button", { name: "Rename the folder" }));
  const dialog = within(screen.getByRole("dialog"));
  await userEvent.type(dialog.getByRole("combobox", { name: /^Folder/ }), "s");
  await userEvent.click(dialog.getByRole("button", { name: "Save" }));
  expect(await dialog.findByRole("alert")).toHaveTextContent("Not yours.");
  expect(moves(asked)).toHaveLength(1);
});

test("whoever may only look is offered no folder to change", async () => {
  account();
  await show("?folder=Shop", { allowed: [] });
  expect(await screen.findByText("Spring")).toBeVisible();
  expect(screen.queryByRole("button", { name: /Move|folder/ })).not.toBeInTheDocument();
});
