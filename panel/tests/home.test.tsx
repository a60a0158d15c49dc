import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { TrialNumbers } from "@/areas/account/TrialNumbers";
import { SmsParts } from "@/areas/campaigns/SmsParts";
import { Needs } from "@/areas/home/Needs";
import { minorOf } from "@/areas/operator/amounts";
import { bodyOf as planOf } from "@/areas/operator/Plans";
import { priceOf, Prices } from "@/areas/operator/Prices";
import { apiThatAnswers, open, pageOf } from "./pages";

const NOW = new Date().toISOString();
const CAMPAIGN = { id: "k1", name: "Spring", state: "paused", approval: null, updated_at: NOW };

test("what waits for somebody leads to where it is done", async () => {
  const lists: Record<string, object[]> = {
    "/v1/campaigns?paused": [CAMPAIGN, { ...CAMPAIGN, id: "k4" }],
    "/v1/campaigns?scheduled": [{ ...CAMPAIGN, id: "k2", name: "Sale", state: "scheduled" }, { ...CAMPAIGN, id: "k3", name: "Big", state: "scheduled", approval: { is_given: false } }],
    "/v1/sender-domains": [{ id: "d1", domain: "shop.test", state: "pending" }, { id: "d2", domain: "old.test", state: "verified" }],
    "/v1/sender-ids": [{ id: "s1", sender: "Shop" }],
  };
  apiThatAnswers(({ path, query }) => pageOf(lists[path] ?? lists[`${path}?${query.state}`] ?? []));
  await open(Needs, "/app", "/app", { allowed: ["sms.campaigns.read", "sms.senders", "email.senders"] });

  await screen.findByRole("link", { name: "The domain shop.test lacks its records." });
  await screen.findByRole("link", { name: "“Big” waits for an approval." });
  await screen.findAllByRole("link", { name: "“Spring” is paused." });
  await screen.findByRole("link", { name: "The sender “Shop” is checked: accept it." });
  const found = screen.getAllByRole("link").map((one) => [one.textContent, one.getAttribute("href")]);
  expect(found).toEqual([
    ["“Big” waits for an approval.", "/app/campaigns/k3"],
    ["“Spring” is paused.", "/app/campaigns/k1"],
    ["“Spring” is paused.", "/app/campaigns/k4"],
    ["The sender “Shop” is checked: accept it.", "/app/senders"],
    ["The domain shop.test lacks its records.", "/app/senders?channel=email"],
  ]);
});

const NOTHING = "Nothing waits for you.";

test("that nothing waits is said when every list has answered, and asked of those that may be read", async () => {
  const asked = apiThatAnswers(() => pageOf([]));
  await open(Needs, "/app", "/app", { allowed: ["email.campaigns.read"] });
  await screen.findByText(NOTHING);
  expect(asked.map(({ path, query }) => path + query.state).sort()).toEqual(["failed", "paused", "scheduled"].map((state) => `/v1/campaigns${state}`));
});

test.each([
  ["fails", () => Response.json({ detail: "Try later." }, { status: 503 })],
  ["has more", () => ({ ...pageOf([]), next_cursor: "x" })],
])("that nothing waits is not said where a list %s", async (_, paused) => {
  let answered = 0;
  apiThatAnswers(({ query }) => {
    answered += 1;
    return query.state === "paused" ? paused() : pageOf([]);
  });
  await open(Needs, "/app", "/app", { allowed: ["sms.campaigns.read"] });
  expect(screen.queryByText(NOTHING)).toBeNull();
  if (_ === "fails") expect(await screen.findByRole("alert")).toHaveTextContent("Try later.");
  await waitFor(() => expect(answered).toBe(3));
  await new Promise((done) => setTimeout(done));
  expect(screen.queryByText(NOTHING)).toBeNull();
});

test("a trial number is confirmed by the code that came to it, and a wrong one is said where it was written", async () => {
  const number = { id: "n1", phone: "+48600100200", confirmed_at: null, created_at: NOW };
  const wrong = { code: "trial_number.code_wrong", detail: "That is not the code." };
  const asked = apiThatAnswers(({ method }) => (method === "GET" ? pageOf([number]) : Response.json(wrong, { status: 422 })));
  await open(TrialNumbers, "/app/account/trial", "/app/account/trial", { allowed: ["account.read", "account.write"] });
  await userEvent.click(await screen.findByRole("textbox", { name: "Code sent to +48600100200" }));
  await userEvent.paste(" 123456 ");
  await userEvent.click(screen.getByRole("button", { name: "Confirm" }));

  expect(await screen.findByRole("alert")).toHaveTextContent("That is not the code.");
  expect(asked.find(({ method }) => method === "POST")).toMatchObject({ path: "/v1/trial-numbers/n1/confirmation", body: '{"code":"123456"}' });
});

test("a trial number may be written in groups, as its example is", async () => {
  const asked = apiThatAnswers(() => pageOf([]));
  await open(TrialNumbers, "/app/account/trial", "/app/account/trial", { allowed: ["account.read", "account.write"], state: "trial" });
  await userEvent.type(await screen.findByRole("textbox", { name: /^Phone number/ }), "+48 (600) 100-200");
  await userEvent.click(screen.getByRole("button", { name: "Send the code" }));
  await waitFor(() => expect(asked.find(({ method }) => method === "POST")?.body).toBe('{"phone":"+48600100200"}'));
});

test("a text says what it costs, by place", async () => {
  const count = { characters: 5, parts: 1, encoding: "gsm", offenders: [], replaced: null, prices: [{ network: "pl", price: zloty(9), cost: zloty(9) }], recipients: null };
  apiThatAnswers(() => count);
  await open(() => <SmsParts text="Hello" replaceDiacritics={false} shortLinks={false} audience={{}} />, "/", "/");
  expect(await screen.findByText("PLN 0.09 a message to pl")).toBeVisible();
});

test("what a whole audience costs is told, and what it costs at most", async () => {
  await openSampled({ estimate: zloty(1_000_000), most: zloty(2_000_000) });
  expect(await screen.findByText("About PLN 10,000.00 for 100,000 recipients, at most PLN 20,000.00")).toBeVisible();
});

test("an audience whose texts are all as long as the longest has one sum", async () => {
  await openSampled({ estimate: zloty(1_000_000), most: zloty(1_000_000) });
  expect(await screen.findByText("About PLN 10,000.00 for 100,000 recipients")).toBeVisible();
});

test("an audience of which some have no price has no sum: the prices are told by place", async () => {
  await openSampled(null);
  expect(await screen.findByText("PLN 0.10 a message to pl.play")).toBeVisible();
  expect(screen.queryByText(/recipients,/)).toBeNull();
});

const zloty = (amount: number) => ({ amount, currency: "PLN" });

async function openSampled(total: object | null) {
  const prices = [{ network: "pl.play", price: zloty(10), cost: zloty(10) }];
  const recipients = { typical: null, longest: null, networks: [], reachable: 100_000, total };
  const counted = { characters: 5, parts: 1, encoding: "gsm", offenders: [], replaced: null, prices, recipients };
  apiThatAnswers(() => counted);
  await open(() => <SmsParts text="Hi" replaceDiacritics={false} shortLinks={false} audience={{ groups: ["g1"] }} />, "/", "/");
}

test("an operator's price is sent in minor units", () => {
  expect(priceOf({ amount: "0,09", per_parts: "1", network: "pl" })).toEqual({ amount: 9, per_parts: 1, network: "pl" });
});

test.each(["0,09 zł", "0.095", "0,004", "1e3", "Infinity", "-1", "", "0x10"])("a price is not made of %j", (amount) => {
  expect(minorOf(amount)).toBeNull();
});

test("a plan's price is read as any price", () => {
  expect(planOf({ name: "Big", price: "49,9" }, "PLN").price).toEqual({ amount: 4990, currency: "PLN" });
  expect(planOf({ name: "Big", price: "49 zł" }, "PLN").price.amount).toBeNull();
});

test("what is no price is told at its field, and nothing is sent", async () => {
  const asked = apiThatAnswers(() => pageOf([]));
  await open(Prices, "/app/operator/prices", "/app/operator/prices");
  await userEvent.click(await screen.findByRole("button", { name: "Set a price" }));
  await write("Price", "0,09 PLN");
  await write("Reason", "New rates");
  const send = () => userEvent.click(screen.getAllByRole("button", { name: "Set a price" }).at(-1) as HTMLElement);
  await send();
  expect(await screen.findByText("Write a number with at most two decimals, for example 0.09.")).toBeVisible();
  expect(asked.filter(({ method }) => method === "POST")).toEqual([]);

  await write("Price", "0,09");
  await send();
  await waitFor(() => expect(asked.filter(({ method }) => method === "POST").map(({ body }) => JSON.parse(body).amount)).toEqual([9]));
});

async function write(field: string, words: string) {
  const input = screen.getByRole("textbox", { name: new RegExp(`^${field}`) });
  await userEvent.clear(input);
  await userEvent.type(input, words);
}
