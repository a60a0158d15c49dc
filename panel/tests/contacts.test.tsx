import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { bodyOfForm, formOf } from "@/areas/contacts/ContactFields";
import { ContactList } from "@/areas/contacts/ContactList";
import { ContactPage } from "@/areas/contacts/ContactPage";
import { FieldList } from "@/areas/contacts/FieldList";
import { GroupList } from "@/areas/contacts/GroupList";
import { keyOf } from "@/areas/contacts/NewField";
import { apiThatAnswers, apiThatKeeps, open, pageOf } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const FIELD = { id: "f1", key: "size", label: "Shoe size", type: "number", created_at: AT };
const CODE = { id: "f2", key: "code", label: "Code", type: "text", created_at: AT };
const ANN = {
  id: "c1", first_name: "Ann", last_name: null, phone: "+48600100200", email: null, company: null, city: null, birth_date: null, external_id: null,
  fields: { size: 38, code: "A1" }, consents: {}, push: null, viber: null, group_ids: ["g1"], groups: [{ id: "g1", name: "Regulars" }], archived: [], created_at: AT, updated_at: AT,
};

test("a field's key follows its name, and is what the API takes", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "POST" ? FIELD : pageOf([])));
  await open(FieldList, "/app/fields", "/app/fields", { allowed: ["contacts.write"] });
  await userEvent.click(await screen.findByRole("button", { name: "New field" }));
  await userEvent.click(screen.getByRole("textbox", { name: "Name" }));
  await userEvent.paste("Żółta łódź 2");
  expect(screen.getByRole("textbox", { name: "In messages" })).toHaveValue("zolta_lodz_2");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));

  await waitFor(() => expect(asked.some(({ method }) => method === "POST")).toBe(true));
  expect(JSON.parse(asked.find(({ method }) => method === "POST")?.body ?? "")).toEqual({ label: "Żółta łódź 2", key: "zolta_lodz_2", type: "text" });
  expect(keyOf("2 × !")).toBe("");
});

test("of own fields only those are sent that have changed, as their kind has them", () => {
  const before = formOf(ANN as never);
  const after = { ...before, fields: { ...before.fields, size: "38,5" } };

  expect(bodyOfForm(after, before, [FIELD, CODE])).toMatchObject({ fields: { size: 38.5 } });
  expect(bodyOfForm({ ...before, fields: { ...before.fields, code: " " } }, before, [FIELD, CODE])).toMatchObject({ fields: { code: null } });
  expect(bodyOfForm(before, before, [FIELD, CODE])).not.toHaveProperty("fields");
});

test.each([["1e999", "1e999"], ["Infinity", "Infinity"], ["0x10", "0x10"], ["12345678901234567890", "12345678901234567890"], ["-2,5", -2.5]])("of a number's field %s is sent as %j: what is no number is for the API to refuse", (words, sent) => {
  const before = formOf(ANN as never);
  const body = bodyOfForm({ ...before, fields: { ...before.fields, size: words } }, before, [FIELD, CODE]);
  expect(JSON.parse(JSON.stringify(body)).fields).toEqual({ size: sent });
});

test("of a group only what was changed here is sent of its public texts", async () => {
  const group = { id: "g1", name: "Regulars", description: "Old", contacts: 1, archived: false, public: { pl: { name: "Stali", description: "" } }, created_at: AT, updated_at: AT };
  const asked = apiThatAnswers(({ path }) => (path === "/v1/groups" ? pageOf([group]) : group));
  const sent = () => asked.filter(({ method }) => method === "PATCH").map(({ body }) => JSON.parse(body));
  const change = async (field: string, words: string) => {
    await userEvent.click(await screen.findByRole("button", { name: /Regulars/ }));
    const input = await screen.findByRole("textbox", { name: field });
    await userEvent.clear(input);
    await userEvent.type(input, words);
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(screen.queryByRole("button", { name: "Save" })).toBeNull());
  };
  await open(GroupList, "/app/groups", "/app/groups", { allowed: ["contacts.write"] });

  await change("Description", "New");
  await change("Name for people", "All");
  expect(sent()[0]).toEqual({ description: "New" });
  expect(sent()[1]).toEqual({ public: { ...group.public, en: { name: "All", description: "" } } });
});

test("a person is put into a group and taken out of one", async () => {
  const asked = apiThatAnswers(({ method, path }) => {
    if (method !== "GET") return { changed: 1, contacts: 1 };
    if (path === "/v1/contacts/c1") return ANN;
    return pageOf(path === "/v1/groups" ? [{ id: "g1", name: "Regulars" }, { id: "g2", name: "Guests" }] : []);
  });
  await open(ContactPage, "/app/contacts/$contactId", "/app/contacts/c1", { allowed: ["contacts.write"] });
  await userEvent.click(await screen.findByRole("button", { name: "Take out of Regulars" }));
  await userEvent.click(screen.getByRole("combobox", { name: "Add to a group" }));
  await userEvent.click(await screen.findByRole("option", { name: "Guests" }));
  await userEvent.click(screen.getByRole("button", { name: "Add" }));

  await waitFor(() => expect(asked.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`)).toEqual(["DELETE /v1/groups/g1/contacts", "POST /v1/groups/g2/contacts"]));
});

test("who left a group by themselves is put back only where somebody says that they asked for it", async () => {
  const asked = apiThatAnswers(({ path, method, body }) => {
    if (path === "/v1/contacts/c1") return ANN;
    if (method === "POST") return JSON.parse(body).rejoin ? { changed: 1, contacts: 1 } : { changed: 0, contacts: 0 };
    return pageOf(path === "/v1/groups" ? [{ id: "g1", name: "Regulars" }, { id: "g2", name: "Guests" }] : []);
  });
  await open(ContactPage, "/app/contacts/$contactId", "/app/contacts/c1", { allowed: ["contacts.write"] });
  await userEvent.click(await screen.findByRole("combobox", { name: "Add to a group" }));
  await userEvent.click(await screen.findByRole("option", { name: "Guests" }));
  await userEvent.click(screen.getByRole("button", { name: "Add" }));
  await userEvent.click(await screen.findByRole("button", { name: /asked to be back/ }));

  const sent = () => asked.filter(({ method }) => method === "POST").map(({ body }) => JSON.parse(body).rejoin);
  await waitFor(() => expect(sent()).toEqual([false, true]));
  await waitFor(() => expect(screen.queryByRole("button", { name: /asked to be back/ })).toBeNull());
});

test("where a consent came from is said in words, with the way to it", async () => {
  const consent = (source: string, granted = true) => ({ channel: "sms", granted, source, at: AT });
  const consents = [consent("import:i1"), consent("form:f1"), consent("panel"), consent("archive:stop", false), consent("fair in Gdynia")];
  apiThatAnswers(({ path }) => (path === "/v1/contacts/c1" ? ANN : pageOf(path.endsWith("/consents") ? consents : [])));
  await open(ContactPage, "/app/contacts/$contactId", "/app/contacts/c1");

  expect(await screen.findByRole("link", { name: "an import" })).toHaveAttribute("href", "/app/imports/i1");
  expect(screen.getByRole("link", { name: "a sign-up form" })).toHaveAttribute("href", "/app/forms/f1");
  for (const words of ["written in the panel", "answered STOP", "fair in Gdynia"]) expect(screen.getByText(new RegExp(words))).toBeVisible();
});

test("a consent that is written in the panel says so", () => {
  const before = formOf(ANN as never);
  expect(bodyOfForm({ ...before, consents: { ...before.consents, sms: true } }, before)).toMatchObject({ consents: { sms: { granted: true, source: "panel" } } });
});

test("what is typed of a person stays where somebody else changes them, and is saved over that only on demand", async () => {
  const { saves, changed, now } = apiThatKeeps("/v1/contacts/c1", ANN, { "/v1/contact-fields": [], "/v1/groups": [], "/v1/contacts/c1/consents": [] });
  await open(ContactPage, "/app/contacts/$contactId", "/app/contacts/c1", { allowed: ["contacts.write"] });
  await userEvent.type(await screen.findByRole("textbox", { name: "City" }), "Gdynia");
  changed({ first_name: "Anna", updated_at: "2027-03-02T10:00:00Z" });
  window.dispatchEvent(new Event("visibilitychange"));
  expect(await screen.findByRole("heading", { name: "Anna" })).toBeVisible();
  const form = within(screen.getByRole("region", { name: "Details" }));
  await userEvent.click(form.getByRole("button", { name: "Save" }));
  expect(await form.findByRole("alert")).toHaveTextContent("Last changed: 2 Mar 2027, 11:00");
  await userEvent.click(form.getByRole("button", { name: "Keep what I typed" }));
  await userEvent.click(form.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(now().city).toBe("Gdynia"));
  expect(saves().map(({ ifMatch }) => ifMatch)).toEqual(['"v1"', '"v2"']);
});

test("a search that no group fits says so, and offers no first group", async () => {
  apiThatAnswers(() => pageOf([]));
  await open(GroupList, "/app/groups", "/app/groups?q=nobody");
  expect(await screen.findByText("No group has these words in its name")).toBeVisible();
  expect(screen.queryByText(/An import makes one/)).not.toBeInTheDocument();
});

test("an address that is too long for its line is broken before its @, and is read as one", async () => {
  apiThatAnswers(({ path }) => pageOf(path.startsWith("/v1/contacts") ? [{ ...ANN, email: "malgorzata.szumiec@poczta.example" }] : []));
  await open(ContactList, "/app/contacts", "/app/contacts", { allowed: [] });

  const cell = (await screen.findByText("malgorzata.szumiec@poczta.example")).innerHTML;
  expect(cell).toBe("malgorzata.szumiec<wbr>@poczta.example");
});

test("a contact's form comes when it is wanted, and what was written stays when it is closed", async () => {
  apiThatAnswers(() => pageOf([]));
  await open(ContactList, "/app/contacts", "/app/contacts", { allowed: ["contacts.write"] });
  const add = await screen.findByRole("button", { name: "Add contact" });
  await userEvent.click(add);
  await userEvent.type(await screen.findByLabelText("First name"), "Ann");
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Cancel" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  await userEvent.click(add);
  expect(await screen.findByLabelText("First name")).toHaveValue("Ann");
});
