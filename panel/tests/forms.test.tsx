import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FormList } from "@/areas/forms/FormList";
import { FormPage } from "@/areas/forms/FormPage";
import { apiThatAnswers, apiThatKeeps, open, pageOf } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const FORM = {
  id: "f1", name: "Footer", title: "Footer", language: "en", consent_texts: { en: "Yes to news" }, consent_version: 2, channels: ["email"],
  fields: [{ key: "email", required: true, labels: {} }, { key: "first_name", required: false, labels: { en: "Your name" } }], group_ids: ["g1"], sender: { email: "news@shop.test", name: "Shop" },
  submitted_url: null, confirmed_url: null, origins: [], archived: false, created_at: AT, updated_at: AT,
};
const CONFIRMED = {
  id: "s1", form_id: "f1", state: "confirmed", email: "ann@shop.test", fields: { email: "ann@shop.test", first_name: "Ann" }, channels: ["email"], granted: ["email"],
  language: "en", consent_version: 2, consent_text: "Yes to news", submitted_at: AT, submitted_from: "192.0.2.7", expires_at: AT,
  confirmed_at: "2027-03-01T10:03:00Z", confirmed_from: "192.0.2.8", contact_id: "c1",
};
const PENDING = { ...CONFIRMED, id: "s2", state: "pending", email: "bob@shop.test", granted: [], confirmed_at: null, confirmed_from: null, contact_id: null };

function signedUp(...submissions: (typeof CONFIRMED | typeof PENDING)[]) {
  return apiThatAnswers(({ path, query }) => {
    if (path === "/v1/forms/f1") return FORM;
    if (path === "/v1/forms") return pageOf([FORM]);
    return pageOf(submissions.filter(({ state }) => !query.state || state === query.state));
  });
}

const show = (after = "") => open(FormPage, "/app/forms/$formId", `/app/forms/f1${after}`);

test("a form leads to who signed up by it", async () => {
  signedUp();
  await open(FormList, "/app/forms", "/app/forms");
  expect(await screen.findByRole("link", { name: "Who signed up by Footer" })).toHaveAttribute("href", "/app/forms/f1");
});

test("who signed up is listed; who confirmed it is a contact", async () => {
  signedUp(CONFIRMED, PENDING);
  await show();
  expect(await screen.findByRole("link", { name: "ann@shop.test" })).toHaveAttribute("href", "/app/contacts/c1");
  const row = within(screen.getByText("bob@shop.test").closest("tr") as HTMLElement);
  expect(row.getByText("not confirmed yet")).toBeVisible();
  expect(row.queryByRole("link")).not.toBeInTheDocument();
});

test("the evidence of a consent has its words, and when and from where it was given", async () => {
  signedUp(CONFIRMED);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Evidence: ann@shop.test" }));
  const dialog = within(screen.getByRole("dialog"));
  expect(dialog.getByText("Your name")).toBeVisible();
  expect(dialog.getByText("Yes to news")).toBeVisible();
  expect(dialog.getByText("1 Mar 2027, 11:03 · 192.0.2.8")).toBeVisible();
});

test("sign-ups of one state are asked of the API", async () => {
  const asked = signedUp(CONFIRMED);
  await show("?state=expired");
  expect(await screen.findByText("No sign-up in this state")).toBeVisible();
  await waitFor(() => expect(asked.filter(({ path }) => path.endsWith("/submissions")).map(({ query }) => query.state)).toEqual(["expired"]));
});

const LISTS = { "/v1/forms": [FORM], "/v1/groups": [{ id: "g1", name: "Club" }], "/v1/contact-fields": [{ id: "x1", key: "shoe_size", label: "Shoe size", type: "number" }] };
const listed = (after = "") => open(FormList, "/app/forms", `/app/forms${after}`, { allowed: ["contacts.write"] });
const dialog = () => within(screen.getByRole("dialog"));

async function choose(label: string, option: string) {
  await userEvent.click(dialog().getByRole("combobox", { name: label }));
  await userEvent.click(await screen.findByRole("option", { name: option }));
}

test("of a form only what was changed is sent, and a field keeps the words by which it was asked for", async () => {
  const { saves } = apiThatKeeps("/v1/forms/f1", FORM, LISTS);
  await listed();
  await userEvent.click(await screen.findByRole("button", { name: "Edit Footer" }));
  expect(await dialog().findByLabelText(/^What people agree to, in English/)).toHaveValue("Yes to news");
  await choose("Also ask for", "Shoe size");
  await choose("What they have to answer", "Shoe size");
  await userEvent.click(dialog().getByRole("checkbox", { name: "Archived" }));
  await userEvent.click(dialog().getByRole("button", { name: "Save" }));
  await waitFor(() => expect(saves()).toHaveLength(1));
  expect([JSON.parse(saves()[0]?.body ?? ""), saves()[0]?.ifMatch]).toEqual([
    { fields: [...FORM.fields, { key: "shoe_size", required: true, labels: { en: "Shoe size" } }], archived: true },
    '"v1"',
  ]);
});

test("a form is made in the language of the panel; what is wrong with it is told at its field", async () => {
  const refused = { code: "request.invalid", detail: "Some fields are not valid.", errors: [
    { field: "channels", code: "form.phone_missing", detail: "Consent to sms needs the field phone." },
    { field: "consent_texts.en", code: "any", detail: "Too long." },
    { field: "sender.email", code: "email.sender_not_authorised", detail: "Verify the domain." },
  ] };
  const asked = apiThatAnswers(({ method, path }) => (method === "POST" ? Response.json(refused, { status: 422 }) : pageOf(path === "/v1/groups" ? LISTS["/v1/groups"] : [])));
  await listed();
  await userEvent.click(await screen.findByRole("button", { name: "New form" }));
  await userEvent.type(await dialog().findByLabelText(/^Name/), "Shop");
  const consent = dialog().getByLabelText(/^What people agree to, in English/);
  await userEvent.type(consent, "Yes");
  await choose("They agree to messages by", "SMS");
  const sender = dialog().getByLabelText(/^From \(e-mail/);
  await userEvent.type(sender, "a@b.test{Enter}");
  await waitFor(() => expect(consent).toHaveAccessibleDescription(/Too long/));
  expect(sender).toHaveAccessibleDescription(/Verify the domain/);
  expect(dialog().getByRole("combobox", { name: /^They agree/ })).toHaveAccessibleDescription(/needs the field phone/);
  expect(JSON.parse(asked.find(({ method }) => method === "POST")?.body ?? "")).toEqual({
    name: "Shop", title: "Shop", language: "en", consent_texts: { en: "Yes" }, group_ids: [], channels: ["email", "sms"], sender: { email: "a@b.test", name: "" },
    fields: [{ key: "email", required: true, labels: { en: "E-mail" } }, { key: "first_name", required: false, labels: { en: "First name" } }],
    submitted_url: null, confirmed_url: null, origins: [],
  });
});

test("archived forms are asked of the API", async () => {
  const asked = signedUp();
  await listed("?state=archived");
  await screen.findByRole("link", { name: "Who signed up by Footer" });
  expect(asked.find(({ path }) => path === "/v1/forms")?.query.archived).toBe("true");
});
