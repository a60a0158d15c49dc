import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { Accounts } from "@/areas/operator/Accounts";
import { AllInvoices } from "@/areas/operator/AllInvoices";
import { MailDomains } from "@/areas/operator/MailDomains";
import { MailRoutes } from "@/areas/operator/MailRoutes";
import { OneInvoice } from "@/areas/operator/OneInvoice";
import { OperatorTrail } from "@/areas/operator/OperatorTrail";
import { SenderIds } from "@/areas/operator/SenderIds";
import { SmsRanges } from "@/areas/operator/SmsRanges";
import { type Asked, apiThatAnswers, open, pageOf } from "./pages";

const ROUTE = { id: "r1", pattern: "*.shop.test", kind: "smarthost", host: "relay.test", port: 587, tls: "required", username: "wici", connections: 10 };
const RANGE = { id: "g1", account_id: "a1", range: "+4860010", state: "held", numbers: 112, waiting: 37, held_at: "2027-03-01T10:00:00Z", decided_at: null };

const dialog = () => within(screen.getByRole("dialog"));
const sent = (asked: Asked[], method: string) => asked.find((one) => one.method === method);
const done = () => waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());

async function press(button: string, act: string, reason = "As agreed") {
  await userEvent.click(await screen.findByRole("button", { name: button }));
  await userEvent.type(dialog().getByLabelText(/Reason/), reason);
  await userEvent.click(dialog().getByRole("button", { name: act }));
}

test("a mail route is added with what was filled in, and one that is refused says at which field", async () => {
  const refused = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "host", code: "host.wanted", detail: "A smarthost needs a host." }] };
  const asked = apiThatAnswers(({ method, body }) => (method !== "POST" ? pageOf([ROUTE]) : body.includes("host\":") ? ROUTE : Response.json(refused, { status: 422 })));
  await open(MailRoutes, "/app/operator/mail", "/app/operator/mail");
  expect(await screen.findByText("relay.test:587")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Add a route" }));
  await userEvent.type(dialog().getByLabelText(/^Mail to/), "*");
  await userEvent.type(dialog().getByLabelText(/Reason/), "Of the data centre");
  await userEvent.click(dialog().getByRole("button", { name: "Add a route" }));
  await waitFor(() => expect(dialog().getByLabelText(/^Host/)).toBeInvalid());
  await userEvent.type(dialog().getByLabelText(/^Host/), "relay.test");
  await userEvent.click(dialog().getByRole("button", { name: "Add a route" }));
  await done();
  expect(JSON.parse(asked.findLast(({ method }) => method === "POST")?.body ?? "")).toEqual({
    pattern: "*", kind: "smarthost", host: "relay.test", port: 25, tls: "opportunistic", connections: 10, reason: "Of the data centre",
  });
});

test("a mail route is deleted with its reason", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "DELETE" ? new Response(null, { status: 204 }) : pageOf([ROUTE])));
  await open(MailRoutes, "/app/operator/mail", "/app/operator/mail");
  await press("Delete *.shop.test", "Delete");
  await done();
  expect(sent(asked, "DELETE")).toMatchObject({ path: "/v1/operator/mail-routes/r1", query: { reason: "As agreed" } });
});

const answers = ({ method, path }: Asked) => (path.endsWith("sms-range-limit") ? { account_id: "a1", most: 500 } : method === "POST" ? RANGE : pageOf([RANGE]));

test.each([
  ["Release +4860010", "Release", "release"],
  ["Reject what goes to +4860010", "Reject", "drop"],
])("of a range that is held: %s", async (button, act, route) => {
  const asked = apiThatAnswers(answers);
  await open(SmsRanges, "/app/operator/ranges", "/app/operator/ranges");
  await press(button, act);
  await done();
  expect(asked[0]?.query.state).toBe("held");
  expect(sent(asked, "POST")).toMatchObject({ path: `/v1/operator/sms-ranges/g1/${route}`, body: '{"reason":"As agreed"}' });
});

test("an account's limit is shown as it is, and emptied it is the platform's", async () => {
  const asked = apiThatAnswers(answers);
  await open(SmsRanges, "/app/operator/ranges", "/app/operator/ranges");
  await userEvent.click(await screen.findByRole("button", { name: "Limit of a1" }));
  const most = dialog().getByLabelText(/^Numbers of one range/);
  expect(most).toHaveValue("500");
  await userEvent.clear(most);
  await userEvent.type(dialog().getByLabelText(/Reason/), "Its school has closed");
  await userEvent.click(dialog().getByRole("button", { name: "Limit" }));
  await waitFor(() => expect(sent(asked, "PUT")?.body).toBe('{"most":null,"reason":"Its school has closed"}'));
});

test("what several accounts sent to a range together has no limit of an account, and what is decided is not decided again", async () => {
  apiThatAnswers(() => pageOf([{ ...RANGE, account_id: null, state: "released" }]));
  await open(SmsRanges, "/app/operator/ranges", "/app/operator/ranges?state=released");
  expect(await screen.findByText("several accounts together")).toBeVisible();
  expect(screen.queryByRole("button", { name: /Release|Reject|Limit/ })).not.toBeInTheDocument();
});

test("what is decided on says whose it is by name, and in which state it is looked for", async () => {
  const sender = { id: "s1", account_id: "a1", sender: "Flowers", state: "requested", created_at: "2027-03-01T10:00:00Z" };
  const asked = apiThatAnswers(({ path }) => (path === "/v1/operator/accounts/a1" ? { account_id: "a1", name: "kwiaciarnia" } : pageOf([sender, { ...sender, id: "s2", account_id: "gone" }])));
  await open(SenderIds, "/app/operator/senders", "/app/operator/senders");
  expect(await screen.findByText("kwiaciarnia")).toBeVisible();
  expect(screen.getByText("gone")).toBeVisible();
  expect(screen.getByRole("combobox", { name: "State" })).toHaveValue("Requested");
  expect(sent(asked, "GET")?.query.state).toBe("requested");
});

const ACCOUNT = { account_id: "a1", name: "Shop", state: "suspended", plan: { code: "free", name: "Free" }, created_at: "2027-03-01T10:00:00Z" };

test("a suspension is lifted with its reason, which goes in the address as the API takes it", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "DELETE" ? ACCOUNT : pageOf([ACCOUNT])));
  await open(Accounts, "/app/operator/accounts", "/app/operator/accounts");
  await press("Lift the suspension", "Lift the suspension");
  await done();
  expect(sent(asked, "DELETE")).toMatchObject({ path: "/v1/operator/accounts/a1/suspension", query: { reason: "As agreed" }, body: "" });
});

const ENTRY = { id: "1", at: "2027-03-01T10:00:00Z", action: "account.suspended", account_id: "a1", user_id: null, login: "duty", api_key_id: null, operator_id: "o", target_id: null, address: "192.0.2.1", request_id: null, reason: "Sends to bought lists", details: {} };

test("what operators did is said with the account's name, or that it was done to the platform", async () => {
  const asked = apiThatAnswers(({ path }) => (path === "/v1/operator/accounts/a1" ? ACCOUNT : pageOf([ENTRY, { ...ENTRY, id: "2", account_id: null, action: "carrier.changed", reason: "It has moved" }])));
  await open(OperatorTrail, "/app/operator/audit", "/app/operator/audit?account=a1&noun=account");
  expect(await screen.findByText("Shop")).toBeVisible();
  expect(screen.getByText("the platform")).toBeVisible();
  expect(screen.getByText("Account: suspended")).toBeVisible();
  expect(screen.getByText("Sends to bought lists")).toBeVisible();
  expect(screen.getByRole("combobox", { name: "What was changed" })).toHaveValue("Account");
  await userEvent.click(screen.getByRole("combobox", { name: "What was changed" }));
  expect(await screen.findByRole("option", { name: "Carrier" })).toBeVisible();
  expect(asked[0]?.query).toMatchObject({ account_id: "a1", action: "account" });
});

test("who is not answered asks again for the same invoice, and says by what law it is exempt", async () => {
  let isAway = true;
  const asked = apiThatAnswers(({ method }) => (method !== "POST" ? pageOf([{ ...ACCOUNT, state: "active" }]) : isAway ? Response.json({ code: "service.timeout", detail: "No answer." }, { status: 504 }) : { id: "i1" }));
  await open(Accounts, "/app/operator/accounts", "/app/operator/accounts");
  await userEvent.click(await screen.findByRole("button", { name: "New invoice for Shop" }));
  await userEvent.type(dialog().getByLabelText(/^For what/), "Training");
  await userEvent.type(dialog().getByLabelText(/^Net price/), "100");
  await userEvent.type(dialog().getByLabelText(/^Law that exempts/), "art. 43");
  await userEvent.type(dialog().getByLabelText(/Reason/), "As ordered");
  const issue = dialog().getByRole("button", { name: "New invoice" });
  await userEvent.click(issue);
  expect(await dialog().findByRole("alert")).toBeVisible();
  isAway = false;
  await userEvent.click(issue);
  await done();
  const sent = asked.filter(({ method }) => method === "POST");
  expect(sent.map(({ body }) => JSON.parse(body).exemption)).toEqual(["art. 43", "art. 43"]);
  expect(sent[0]?.key).toBeTruthy();
  expect(sent[1]?.key).toBe(sent[0]?.key);
});

test("an account is invoiced for what it is for, at its price and rate", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "POST" ? { id: "i1" } : pageOf([{ ...ACCOUNT, state: "active" }])));
  await open(Accounts, "/app/operator/accounts", "/app/operator/accounts");
  await userEvent.click(await screen.findByRole("button", { name: "New invoice for Shop" }));
  await userEvent.type(dialog().getByLabelText(/^For what/), "Set-up");
  await userEvent.type(dialog().getByLabelText(/^Net price/), "250,50");
  await userEvent.type(dialog().getByLabelText(/Reason/), "As ordered");
  await userEvent.click(dialog().getByRole("button", { name: "New invoice" }));
  await done();
  const line = { description: "Set-up", vat_rate: "23", quantity: "1", unit_net_price: 25050 };
  expect(sent(asked, "POST")?.path).toBe("/v1/operator/accounts/a1/invoices");
  expect(JSON.parse(sent(asked, "POST")?.body ?? "")).toEqual({ lines: [line], reason: "As ordered" });
});

test("an invoice has as many lines as are asked for", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "POST" ? { id: "i1" } : pageOf([{ ...ACCOUNT, state: "active" }])));
  await open(Accounts, "/app/operator/accounts", "/app/operator/accounts");
  await userEvent.click(await screen.findByRole("button", { name: "New invoice for Shop" }));
  await userEvent.type(dialog().getByLabelText(/^For what/), "Set-up");
  await userEvent.type(dialog().getByLabelText(/^Net price/), "250");
  await userEvent.type(dialog().getByLabelText(/Reason/), "As ordered");
  await userEvent.click(dialog().getByRole("button", { name: "Another line" }));
  await userEvent.click(dialog().getByRole("button", { name: "Another line" }));
  expect(dialog().getByRole("button", { name: "New invoice" })).toBeDisabled();
  await userEvent.click(dialog().getByRole("button", { name: "Take the last line away" }));
  await userEvent.type(dialog().getByLabelText(/^For what \(line 2\)/), "Training");
  await userEvent.type(dialog().getByLabelText(/^Net price of one, PLN \(line 2\)/), "80,10");
  await userEvent.click(dialog().getByRole("button", { name: "New invoice" }));
  await done();
  expect(JSON.parse(sent(asked, "POST")?.body ?? "").lines).toEqual([
    { description: "Set-up", vat_rate: "23", quantity: "1", unit_net_price: 25000 },
    { description: "Training", vat_rate: "23", quantity: "1", unit_net_price: 8010 },
  ]);
});

const RECORD = { purpose: "dkim", type: "TXT", name: "n", value: "v", required: true, keep_until: null, found: false, seen: [], problem: null };
const MAIL_DOMAIN = { id: "d1", domain: "shop.test", state: "pending", records: [RECORD], account_id: "a1", verified_by: null, reason: null, created_at: "2027-03-01T10:00:00Z", checked_at: "2027-03-01T10:00:00Z" };

test("an operator sees what a mail domain lacks, and vouches for it with a reason", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "POST" ? { ...MAIL_DOMAIN, state: "verified" } : pageOf([MAIL_DOMAIN])));
  await open(MailDomains, "/app/operator/domains", "/app/operator/domains");
  expect(await screen.findByText("Signature (DKIM)")).toBeVisible();
  await press("Vouch for shop.test", "Vouch", "Checked by phone");
  await done();
  expect(asked[0]?.query.state).toBe("pending");
  expect(sent(asked, "POST")).toMatchObject({ path: "/v1/operator/sender-domains/d1/verify", body: '{"reason":"Checked by phone"}' });
});

const zl = (amount: number) => ({ amount, currency: "PLN" });
const LINE = (description: string, price: number) => ({ description, quantity: "1.5", unit: "godz.", unit_net_price: zl(price), vat_rate: "23", net: zl(price * 1.5) });
const INVOICE = {
  id: "i1", account_id: "a1", kind: "invoice", number: "FV/2027/000001", state: "overdue", issued_on: "2027-01-02", sold_on: "2027-01-02", due_on: "2027-01-16", paid_on: null, cancelled_on: null,
  buyer: { name: "Shop Ltd", address: "High Street 1", vat_number: "5260250274" }, net: zl(37500), vat: zl(8625), gross: zl(46125), corrects_id: null, corrects: null, seller: {},
  lines: [LINE("Set-up", 25000), LINE("Training", 10000)], lines_before: null, vat_rates: [], exemption: "", note: "", corrections: [], duplicates: [{ id: "dup1", issued_on: "2027-02-01" }],
};

test("an invoice that is overdue may be paid still", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "POST" ? { ...INVOICE, state: "paid" } : pageOf([INVOICE])));
  await open(AllInvoices, "/app/operator/invoices", "/app/operator/invoices?state=overdue");
  expect(await screen.findByRole("link", { name: "FV/2027/000001" })).toHaveAttribute("href", "/app/operator/invoices/i1");
  await press("Mark as paid: FV/2027/000001", "Mark as paid", "Bank statement");
  await done();
  expect(sent(asked, "POST")).toMatchObject({ path: "/v1/operator/invoices/i1/payment", body: '{"reason":"Bank statement"}' });
});

test("a correction has each line as it should have been, and begins with what the last one says", async () => {
  const last = { ...INVOICE, id: "c1", kind: "correction", number: "FK/2027/000001", lines: [LINE("Set-up", 20000), LINE("Training", 10000)], lines_before: INVOICE.lines };
  const asked = apiThatAnswers(({ method, path }) => (method === "POST" ? last : path.endsWith("/c1") ? last : { ...INVOICE, corrections: [{ id: "c1", number: last.number, issued_on: "2027-01-20" }] }));
  await open(OneInvoice, "/app/operator/invoices/$invoiceId", "/app/operator/invoices/i1");
  expect(await screen.findByText("Shop Ltd, High Street 1, VAT number 5260250274")).toBeVisible();
  expect(screen.getByRole("link", { name: "FK/2027/000001" })).toBeVisible();
  expect(screen.getByRole("button", { name: "Mark as paid: FV/2027/000001" })).toBeVisible();
  expect(screen.queryByRole("button", { name: /Cancel/ })).not.toBeInTheDocument();
  await userEvent.click(await screen.findByRole("button", { name: "Correct" }));
  expect(dialog().getByLabelText(/^Net price each: Set-up/)).toHaveValue("200.00");
  const fill = async (label: RegExp, words: string) => {
    await userEvent.clear(dialog().getByLabelText(label));
    if (words) await userEvent.type(dialog().getByLabelText(label), words);
  };
  await fill(/^Quantity: Set-up/, "1,25");
  await fill(/^Quantity: Training/, "");
  await userEvent.type(dialog().getByLabelText(/Reason/), "Too many hours");
  await userEvent.click(dialog().getByRole("button", { name: "Correct" }));
  await done();
  expect(JSON.parse(sent(asked, "POST")?.body ?? "")).toEqual({ lines: [{ description: "Set-up", unit: "godz.", vat_rate: "23", quantity: "1.25", unit_net_price: 20000 }], reason: "Too many hours" });
});

test("a duplicate is made with its reason, and each is there to download", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "POST" ? { id: "dup2", issued_on: "2027-03-01" } : INVOICE));
  await open(OneInvoice, "/app/operator/invoices/$invoiceId", "/app/operator/invoices/i1");
  await press("Make a duplicate", "Make a duplicate", "The buyer lost it");
  await done();
  expect(sent(asked, "POST")).toMatchObject({ path: "/v1/operator/invoices/i1/duplicates", body: '{"reason":"The buyer lost it"}' });
  expect(screen.getByRole("button", { name: /^Download the duplicate of/ })).toBeVisible();
});
