import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { isOperator, leaveAsOperator } from "@/api/operator";
import * as session from "@/api/session";
import { Audit } from "@/areas/account/Audit";
import { Partners } from "@/areas/account/Partners";
import { Rules } from "@/areas/account/Rules";
import { codeOf } from "@/areas/forms/code";
import { Accounts } from "@/areas/operator/Accounts";
import { Carriers } from "@/areas/operator/Carriers";
import { OperatorGate } from "@/areas/operator/OperatorGate";
import { SenderIds } from "@/areas/operator/SenderIds";
import { Privacy } from "@/areas/privacy/Privacy";
import { UnsubscribePages } from "@/areas/unsubscribe/UnsubscribePages";
import { apiThatAnswers, open, pageOf } from "./pages";

test("a form's code asks what the form asks, and words of others are no part of the page", () => {
  const form = {
    id: "f1", language: "en", consent_version: 3, consent_texts: { en: 'I agree to "news" <b>' },
    fields: [{ key: "email", required: true, labels: {} }, { key: "first_name", required: false, labels: { en: "Your <i>name" } }],
  };
  const code = codeOf(form as never, "https://w.test", "Sign up");
  const page = new DOMParser().parseFromString(code, "text/html");
  expect(page.querySelector("form")?.getAttribute("action")).toBe("https://w.test/v1/forms/f1/submissions");
  expect([...page.querySelectorAll("input")].map((input) => input.name)).toEqual(["email", "first_name", "_consent", "_consent_version", "_language", "_website"]);
  expect(page.querySelector("b, i")).toBeNull();
  expect(page.body.textContent).toContain('I agree to "news" <b>');
});

test("an SMTP account's password is shown once, and only what one may have is there", async () => {
  const account = { id: "s1", name: "Shop", username: "wici-shop", ip_list: [], password: "secret-1" };
  apiThatAnswers(({ method }) => (method === "POST" ? account : pageOf([])));
  await open(Partners, "/app/account/partners", "/app/account/partners", { allowed: ["email.smtp"] });
  await userEvent.click(await screen.findByRole("button", { name: "New SMTP account" }));
  expect(screen.getByRole("tab", { name: "SMPP and SMTP", hidden: true })).toBeInTheDocument();
  const dialog = within(screen.getByRole("dialog"));
  await userEvent.type(dialog.getByLabelText(/Name/), "Shop");
  await userEvent.click(dialog.getByRole("button", { name: "Save" }));
  expect(await dialog.findByText(/secret-1/)).toBeVisible();
  await userEvent.click(dialog.getAllByRole("button", { name: "Close" }).at(-1) as HTMLElement);
  await waitFor(() => expect(screen.queryByText(/secret-1/)).not.toBeInTheDocument());
  expect(screen.queryByText("SMPP accounts")).not.toBeInTheDocument();
});

test("rules that would lock the writer out are refused at their field", async () => {
  const refused = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "panel", code: "ip.locks_out", detail: "That would lock you out." }] };
  apiThatAnswers(({ method, path }) => {
    if (method === "PUT") return Response.json(refused, { status: 422 });
    return path.endsWith("ip-rules") ? { panel: ["192.0.2.0/24"], api: [] } : { second_factor_required: false, trusted_device_days: 7 };
  });
  await open(Rules, "/app/account/rules", "/app/account/rules");
  await userEvent.click((await screen.findAllByRole("button", { name: "Save" }))[0] as HTMLElement);
  expect((await screen.findAllByText("That would lock you out.")).length).toBeGreaterThan(0);
});

test("a person is erased once that was asked, by the address that was written", async () => {
  const over = { id: "e1", state: "done", done: 8, total: 8, services: [], error: null, created_at: "", finished_at: "", dry_run: false };
  const asked = apiThatAnswers(() => over);
  await open(Privacy, "/app/privacy", "/app/privacy", { allowed: ["contacts.erase"] });
  await userEvent.type(await screen.findByLabelText("E-mail", { selector: "input[type=text], input:not([type=radio])" }), "ann@shop.test");
  await userEvent.click(screen.getByRole("button", { name: "Erase the person" }));
  expect(asked).toEqual([]);
  const dialog = within(screen.getByRole("dialog"));
  expect(dialog.getByText(/ann@shop.test will be gone/)).toBeVisible();
  await userEvent.click(dialog.getByRole("button", { name: "Erase the person" }));
  expect(await screen.findByText("8 of 8 services")).toBeVisible();
  expect(JSON.parse(asked[0]?.body ?? "")).toEqual({ email: "ann@shop.test", dry_run: false });
});

test("who did what is said by login, or by what acted instead", async () => {
  const entry = { id: "1", at: "2027-03-01T10:00:00Z", action: "user.created", user_id: "u", login: "ann", api_key_id: null, operator_id: null, target_id: null, address: "192.0.2.1", request_id: null, reason: null, details: { login: "bob" } };
  apiThatAnswers(() => pageOf([entry, { ...entry, id: "2", login: null, operator_id: "o", action: "campaign.unheard_of", details: { until: "2027-03-02T10:00:00+00:00" }, reason: "Asked by mail" }]));
  await open(Audit, "/app/account/audit", "/app/account/audit", { allowed: ["account.audit"] });
  expect(await screen.findByText("ann")).toBeVisible();
  expect(screen.getByText("an operator")).toBeVisible();
  expect(screen.getByText("User: created")).toBeVisible();
  expect(screen.getByText("campaign.unheard_of")).toBeVisible();
  expect(screen.getByText(/^Asked by mail, until: 2 Mar 2027, /)).toBeVisible();
  expect(screen.getByText("login: bob")).toBeVisible();
});

test("an account looks for what is its own, not for what is the platform's", async () => {
  apiThatAnswers(() => pageOf([]));
  await open(Audit, "/app/account/audit", "/app/account/audit", { allowed: ["account.audit"] });
  await userEvent.click(await screen.findByRole("combobox", { name: "What was changed" }));
  expect(await screen.findByRole("option", { name: "Campaign" })).toBeVisible();
  for (const name of ["Carrier", "IP pool", "Mail route", "Operator", "Plan", "SMS route", "SMS price"]) expect(screen.queryByRole("option", { name })).toBeNull();
});

test("what an act tells of groups is said by their names, and an id that has none is left out", async () => {
  const [group, gone] = ["01a23659-8f2f-7155-abee-9b9ee800505d", "01a23659-8f2f-7155-abee-9b9ee8005050"];
  const entry = { id: "1", at: "2027-03-01T10:00:00Z", action: "import.started", login: "ann", operator_id: null, api_key_id: null, address: null, reason: null, details: { filename: "few.csv", group_ids: [group, gone] } };
  apiThatAnswers(({ path }) => pageOf(path === "/v1/groups" ? [{ id: group, name: "Customers" }] : [entry, { ...entry, id: "2", details: { group_id: gone } }]));
  await open(Audit, "/app/account/audit", "/app/account/audit", { allowed: ["account.audit", "contacts.read"] });
  expect(await screen.findByText("file: few.csv, groups: Customers")).toBeVisible();
  expect(screen.queryByText(/9b9ee800505/)).not.toBeInTheDocument();
});

test("codes of an act are said in words: channels, states, fields, rights and reasons", async () => {
  const entry = { id: "1", at: "2027-03-01T10:00:00Z", action: "campaign.changed", login: "ann", operator_id: null, api_key_id: null, address: null, reason: null };
  const details = [
    { channel: "email", state: "pending", fields: ["ab_test", "audience", "shoe_size"] },
    { scopes: ["contacts", "gone.right"], reason_given: "stop", decision: "verify" },
    { name: "verify", enabled: true },
  ];
  apiThatAnswers(({ path }) => (path === "/v1/permissions" ? { items: [{ name: "contacts", summary: "All about contacts", session_only: false }] } : pageOf(details.map((one, at) => ({ ...entry, id: `${at}`, details: one })))));
  await open(Audit, "/app/account/audit", "/app/account/audit", { allowed: ["account.audit"] });
  expect(await screen.findByText("channel: E-mail, state: pending, fields: A/B test · audience · shoe_size")).toBeVisible();
  expect(await screen.findByText("rights: All about contacts · gone.right, reason: answered STOP, decision: confirmed")).toBeVisible();
  expect(screen.getByText("name: verify, switched on: Yes")).toBeVisible();
});

test("whoever may only look is offered no page to make", async () => {
  apiThatAnswers(() => pageOf([]));
  await open(UnsubscribePages, "/app/unsubscribe-pages", "/app/unsubscribe-pages");
  expect(await screen.findByText("No pages of your own")).toBeVisible();
  expect(screen.queryByRole("button", { name: "New page" })).not.toBeInTheDocument();
});

test("an operator's log-in is of this tab alone, and none of an account's", async () => {
  apiThatAnswers(({ path }) => (path === "/v1/operator/sessions" ? { access_token: "op-1" } : pageOf([])));
  await open(OperatorGate, "/app/operator", "/app/operator");
  await userEvent.type(await screen.findByLabelText(/^Login/), "duty");
  await userEvent.type(screen.getByLabelText(/^Password/), "long enough");
  await userEvent.type(screen.getByLabelText(/^Code/), "123456");
  await userEvent.click(screen.getByRole("button", { name: "Log in" }));
  expect(await screen.findByRole("tab", { name: "Carriers" })).toBeVisible();
  expect(session.token()).toBeNull();
  expect(document.cookie).toBe("");
  await userEvent.click(screen.getByRole("button", { name: "Log out" }));
  expect(await screen.findByLabelText(/^Login/)).toBeVisible();
  expect(isOperator()).toBe(false);
});

test("a refused session of an operator ends it", async () => {
  apiThatAnswers(({ path }) => (path === "/v1/operator/sessions" ? { access_token: "op-1" } : Response.json({ code: "session.over" }, { status: 401 })));
  await open(OperatorGate, "/app/operator", "/app/operator");
  await userEvent.type(await screen.findByLabelText(/^Login/), "duty");
  await userEvent.type(screen.getByLabelText(/^Password/), "long enough");
  await userEvent.type(screen.getByLabelText(/^Code/), "123456");
  await userEvent.click(screen.getByRole("button", { name: "Log in" }));
  await screen.findByRole("tab", { name: "Carriers" });
  leaveAsOperator();
  expect(await screen.findByLabelText(/^Login/)).toBeVisible();
});

test("an act of an operator needs a reason, which goes with it", async () => {
  const account = { account_id: "a1", name: "shop", state: "active", plan: { code: "free", name: "Free" }, created_at: "2027-03-01T10:00:00Z" };
  const asked = apiThatAnswers(({ method, path }) => (path === "/v1/operator/plans" ? { items: [] } : method === "PUT" ? account : pageOf([account])));
  await open(Accounts, "/app/operator/accounts", "/app/operator/accounts");
  await userEvent.click(await screen.findByRole("button", { name: "Suspend" }));
  const dialog = within(screen.getByRole("dialog"));
  expect(dialog.getByRole("button", { name: "Suspend" })).toBeDisabled();
  await userEvent.type(dialog.getByLabelText(/Reason/), "Bought lists");
  await userEvent.click(dialog.getByRole("button", { name: "Suspend" }));
  await waitFor(() => expect(asked.some(({ method, path }) => method === "PUT" && path === "/v1/operator/accounts/a1/suspension")).toBe(true));
  expect(JSON.parse(asked.find(({ method }) => method === "PUT")?.body ?? "")).toEqual({ reason: "Bought lists" });
});

test("a carrier is changed in what was changed, and what is emptied is gone", async () => {
  const carrier = {
    id: "c1", kind: "smpp", name: "plus", host: "smsc.test", port: 2775, system_id: "wici", binds: 2, window: 10, rate: 100, tls: true, enabled: true,
    response_timeout: 60, receipts_within: 600, without_receipt: "expired", receipt_ids: "same", long_form: "udh", national_languages: ["tr"],
  };
  const asked = apiThatAnswers(({ method, path }) => (path.endsWith("/state") ? { processes: [] } : method === "PATCH" ? carrier : pageOf([carrier])));
  await open(Carriers, "/app/operator/carriers", "/app/operator/carriers");
  await userEvent.click(await screen.findByRole("button", { name: /Edit.*plus/ }));
  const dialog = within(screen.getByRole("dialog"));
  await userEvent.clear(dialog.getByLabelText(/^Receipts come within/));
  await userEvent.type(dialog.getByLabelText(/^National tables/), ", es");
  await userEvent.type(dialog.getByLabelText(/Reason/), "Its manual says so");
  await userEvent.click(dialog.getByRole("button", { name: "Edit" }));
  await waitFor(() => expect(asked.some(({ method }) => method === "PATCH")).toBe(true));
  expect(JSON.parse(asked.find(({ method }) => method === "PATCH")?.body ?? "")).toEqual({ receipts_within: null, national_languages: ["tr", "es"], reason: "Its manual says so" });
});

test("sender IDs that wait for a decision are shown first", async () => {
  const asked = apiThatAnswers(() => pageOf([]));
  await open(SenderIds, "/app/operator/senders", "/app/operator/senders");
  expect(await screen.findByText("No sender ID in this state")).toBeVisible();
  expect(asked[0]?.query.state).toBe("requested");
});
