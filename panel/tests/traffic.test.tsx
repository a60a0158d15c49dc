import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { Accounts } from "@/areas/operator/Accounts";
import { SmsTraffic } from "@/areas/operator/SmsTraffic";
import { Traffic } from "@/areas/operator/Traffic";
import { apiThatAnswers, open, pageOf } from "./pages";

const zl = (amount: number) => ({ amount, currency: "PLN" });
const ROW = { carrier_id: "c1", carrier: "North", network: "pl.play", messages: 1000, parts: 1200, unpriced_parts: 0, uncosted_parts: 0, charged: zl(8400), paid: zl(3900) };
const SOUTH = { ...ROW, carrier_id: "c2", carrier: null, network: null, messages: 10, parts: 10, charged: zl(70), paid: zl(100) };
const smsAt = (search = "", language: "en" | "pl" = "en") => open(SmsTraffic, "/app/operator/sms-traffic", `/app/operator/sms-traffic${search}`, { language });
const cell = (words: string) => screen.findByRole("cell", { name: words });
const rowOf = async (words: string) => within((await cell(words)).closest("tr") as HTMLElement);
const figure = (label: string) => within(screen.getAllByText(label).find((one) => one.tagName === "DT")?.parentElement as HTMLElement);

test("what carriers took is said with what is charged, what is paid and what is left, of each and of all", async () => {
  const asked = apiThatAnswers(() => ({ items: [ROW, SOUTH] }));
  await smsAt("?from=2027-01-01&to=2027-01-31");
  const north = await rowOf("North");
  expect(north.getByText("PLN 45.00")).toBeVisible();
  expect(north.getByText("53.6% of what is charged")).toBeVisible();
  expect((await rowOf("a deleted carrier")).getByText("-PLN 0.30")).toBeVisible();
  expect(figure("Messages").getByText("1,010")).toBeVisible();
  expect(figure("Charged to accounts").getByText("PLN 84.70")).toBeVisible();
  expect(figure("Paid to carriers").getByText("PLN 40.00")).toBeVisible();
  expect(figure("What is left").getByText("PLN 44.70")).toBeVisible();
  expect(asked[0]?.query).toEqual({ from: "2027-01-01", to: "2027-01-31" });
});

test("where a price is missing it is said of how many parts, and nothing is said to be left", async () => {
  apiThatAnswers(() => ({ items: [{ ...ROW, unpriced_parts: 7, uncosted_parts: 1200 }] }));
  await smsAt("", "pl");
  expect(await screen.findByText("Bez opłaty, bo nie było ceny: części: 7")).toBeVisible();
  expect(screen.getByText(/Koszt nieznany: części: 1200|Koszt nieznany: części: 1\s200/)).toBeVisible();
  expect(screen.getAllByText("nie wiadomo: brakuje cen")).toHaveLength(2);
});

test("one carrier is looked at alone, as the address says", async () => {
  apiThatAnswers(() => ({ items: [ROW, { ...SOUTH, carrier: "South" }] }));
  await smsAt("?carrier=c2");
  expect(await cell("South")).toBeVisible();
  expect(screen.getByRole("combobox", { name: "Carrier" })).toHaveValue("South");
  expect(figure("Messages").getByText("10")).toBeVisible();
  expect(screen.queryByRole("cell", { name: "North" })).not.toBeInTheDocument();
});

test("the last thirty days are shown first, and say so where nothing was taken", async () => {
  const asked = apiThatAnswers(() => ({ items: [] }));
  await smsAt();
  expect(await screen.findByText("No carrier took an SMS on these days")).toBeVisible();
  const { from = "", to = "" } = asked[0]?.query ?? {};
  expect(Date.parse(to) - Date.parse(from)).toBe(29 * 86_400_000);
});

test("a period that is too long is refused in the words of the API", async () => {
  const refused = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "to", code: "sms_traffic.period", detail: "A period has 1 to 400 days." }] };
  apiThatAnswers(() => Response.json(refused, { status: 422 }));
  await smsAt("?from=2020-01-01");
  expect(await screen.findByText("A period has 1 to 400 days.")).toBeVisible();
});

const CHANNELS = [
  { channel: "email", messages: 200, sent: 190, delivered: 150, failed: 30 },
  { channel: "sms", messages: 10, sent: 10, delivered: 10, failed: 0 },
];
const ACCOUNT = { account_id: "a1", name: "Shop", state: "active", plan: { code: "free", name: "Free" }, created_at: "2027-03-01T10:00:00Z" };
const answer = ({ path }: { path: string }) =>
  path === "/v1/operator/traffic" ? pageOf([{ account_id: "a1", channels: CHANNELS }, { account_id: "gone", channels: [CHANNELS[1] as object] }]) : path === "/v1/operator/accounts/a1" ? ACCOUNT : undefined;

test("each account shows by channel what it sent and what became of it, and leads to the account", async () => {
  const asked = apiThatAnswers(answer);
  await open(Traffic, "/app/operator/traffic", "/app/operator/traffic?from=2027-01-01&to=2027-01-31&channel=email&account=a1");
  const links = await screen.findAllByRole("link", { name: "Shop" });
  expect(links[0]).toHaveAttribute("href", "/app/operator/accounts?q=Shop");
  expect(screen.getByText("gone")).toBeVisible();
  expect(screen.getByText("150 (75%)")).toBeVisible();
  expect(screen.getByText("30 (15%)")).toBeVisible();
  expect(asked.find(({ path }) => path === "/v1/operator/traffic")?.query).toEqual({ limit: "50", from: "2027-01-01", to: "2027-01-31", channel: "email", account_id: "a1" });
  expect(screen.getByRole("link", { name: "Show all accounts" })).toHaveAttribute("href", "/app/operator/traffic");
});

test("the choice of a channel begins again at the first page", async () => {
  const asked = apiThatAnswers(answer);
  await open(Traffic, "/app/operator/traffic", "/app/operator/traffic?cursor=abc");
  await screen.findAllByText("Shop");
  await userEvent.click(screen.getByRole("combobox", { name: "Channel" }));
  await userEvent.click(await screen.findByRole("option", { name: "SMS" }));
  await waitFor(() => expect(asked.at(-1)?.query.channel).toBe("sms"));
  expect(asked[0]?.query.cursor).toBe("abc");
  expect(asked.at(-1)?.query.cursor).toBeUndefined();
});

test("days without a message say so, in Polish too", async () => {
  apiThatAnswers(() => pageOf([]));
  await open(Traffic, "/app/operator/traffic", "/app/operator/traffic", { language: "pl" });
  expect(await screen.findByText("Brak wiadomości w tych dniach")).toBeVisible();
});

test("an account leads to its traffic", async () => {
  apiThatAnswers(() => pageOf([ACCOUNT]));
  await open(Accounts, "/app/operator/accounts", "/app/operator/accounts");
  expect(await screen.findByRole("link", { name: "Traffic by account: Shop" })).toHaveAttribute("href", "/app/operator/traffic?account=a1");
});
