import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ContactPage } from "@/areas/contacts/ContactPage";
import { FileList } from "@/areas/files/FileList";
import { changesOf } from "@/kit/changes";
import { apiThatAnswers, apiThatKeeps, open } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const FILE = { id: "f1", filename: "menu.pdf", media_type: "application/pdf", size: 1_500_000, url: "https://w.test/f/a", downloads: 3, expires_at: "2027-09-01T10:00:00Z", created_at: AT };

const dialog = () => within(screen.getByRole("dialog"));
const press = (name: string | RegExp) => userEvent.click(dialog().getByRole("button", { name }));
const refusal = (field: string, detail: string) => Response.json({ code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field, code: "any", detail }] }, { status: 422 });
const isGone = () => waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());

async function files() {
  const api = apiThatKeeps("/v1/files/f1", FILE, { "/v1/files": [FILE] });
  await open(FileList, "/app/files", "/app/files", { allowed: ["email.campaigns.write"] });
  return api;
}

test("a file is renamed, and its end stays; then it never ends, and its name stays", async () => {
  const { saves, now } = await files();
  const edit = await screen.findByRole("button", { name: "Edit menu.pdf" });
  await userEvent.click(edit);
  const name = await dialog().findByRole("textbox", { name: /^Name/ });
  await userEvent.clear(name);
  await userEvent.type(name, "lunch.pdf{Enter}");
  await isGone();
  await userEvent.click(edit);
  await userEvent.click(await dialog().findByRole("combobox", { name: "The link ends" }));
  await userEvent.click(await screen.findByRole("option", { name: "never" }));
  await press("Save");
  await waitFor(() => expect(now()).toMatchObject({ filename: "lunch.pdf", expires_at: null }));
  expect(saves().map(({ body, ifMatch }) => [JSON.parse(body), ifMatch])).toEqual([
    [{ filename: "lunch.pdf" }, '"v1"'],
    [{ expires_at: null }, '"v2"'],
  ]);
});

test("a name of a file that is refused is told at its field", async () => {
  apiThatAnswers(({ method, path }) => (method === "PATCH" ? refusal("filename", "This is a name of programs.") : path === "/v1/files/f1" ? FILE : { items: [FILE], next_cursor: null }));
  await open(FileList, "/app/files", "/app/files", { allowed: ["email.campaigns.write"] });
  await userEvent.click(await screen.findByRole("button", { name: "Edit menu.pdf" }));
  const name = await dialog().findByRole("textbox", { name: /^Name/ });
  await userEvent.type(name, ".exe{Enter}");
  await waitFor(() => expect(name).toHaveAccessibleDescription(/name of programs/));
});

test("what was changed while somebody was asked whether to delete it is asked about again", async () => {
  const { saves, changed } = await files();
  await userEvent.click(await screen.findByRole("button", { name: "Delete" }));
  expect(await dialog().findByText(/The link to “menu.pdf”/)).toBeVisible();
  changed({ filename: "prices.pdf" });
  await press("Delete");
  expect(await dialog().findByRole("alert")).toHaveTextContent("Somebody has changed this meanwhile");
  expect(dialog().getByText(/The link to “prices.pdf”/)).toBeVisible();
  await press("Delete");
  await isGone();
  expect(saves().map(({ method, ifMatch }) => [method, ifMatch])).toEqual([["DELETE", '"v1"'], ["DELETE", '"v2"']]);
});

test("what cannot be deleted stays, and the page says why", async () => {
  apiThatAnswers(({ method, path }) => {
    if (method === "DELETE") return Response.json({ code: "file.in_use", detail: "A campaign attaches it." }, { status: 409 });
    return path === "/v1/files/f1" ? FILE : { items: [FILE], next_cursor: null };
  });
  await open(FileList, "/app/files", "/app/files", { allowed: ["email.campaigns.write"] });
  await userEvent.click(await screen.findByRole("button", { name: "Delete" }));
  await dialog().findByText(/The link to/);
  await press("Delete");
  expect(await dialog().findByRole("alert")).toHaveTextContent("A campaign attaches it.");
});

test("of a form that is sent only what is otherwise than before", () => {
  expect(changesOf({ name: "a", list: ["x"], note: null }, { name: "b", list: ["x"], note: null })).toEqual({ name: "b" });
});

test("a page that shows an older version deletes nothing before that was told", async () => {
  const contact = { id: "c1", first_name: "Ann", last_name: "", email: "ann@shop.test", phone: null, groups: [], group_ids: [], consents: {}, push: null, viber: null, archived: [], fields: {}, created_at: AT, updated_at: AT };
  const { asked, saves, changed } = apiThatKeeps("/v1/contacts/c1", contact, { "/v1/contact-fields": [], "/v1/groups": [], "/v1/contacts/c1/consents": [] });
  await open(ContactPage, "/app/contacts/$contactId", "/app/contacts/c1", { allowed: ["contacts.write"] });
  const remove = await screen.findByRole("button", { name: "Delete contact" });
  const before = asked.length;
  changed({ first_name: "Anna" });
  await userEvent.click(remove);
  expect(dialog().getByText(/^Ann will be gone/)).toBeVisible();
  expect(asked.slice(before).filter(({ path }) => path === "/v1/contacts/c1")).toEqual([]);
  await press("Delete contact");
  expect(await dialog().findByText(/^Anna will be gone/)).toBeVisible();
  await press("Delete contact");
  await waitFor(() => expect(saves().map(({ method, ifMatch }) => [method, ifMatch])).toEqual([["DELETE", '"v1"'], ["DELETE", '"v2"']]));
});
