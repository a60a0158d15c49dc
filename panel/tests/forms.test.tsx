import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FormList } from "@/areas/forms/FormList";
import { FormPage } from "@/areas/forms/FormPage";
import { apiThatAnswers, open, pageOf } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const FORM = {
  id: "f1", name: "Footer", title: "Footer", language: "en", consent_texts: { en: "Yes to news" }, consent_version: 2, channels: ["email"],
  fields: [{ key: "email", required: true, labels: {} }, { key: "first_name", required: false, labels: { en: "Your name" } }], created_at: AT, updated_at: AT,
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
