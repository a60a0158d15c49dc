import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { WebhookPage } from "@/areas/account/WebhookPage";
import { Webhooks } from "@/areas/account/Webhooks";
import { apiThatAnswers, apiThatKeeps, open, pageOf } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const WEBHOOK = {
  id: "w1", url: "https://shop.test/hook", description: "Shop", events: ["message.delivered"], enabled: true, channel: null, campaign_id: null, submitter_id: null, for_sends: false,
  max_events: 100, username: "wici", secondary_url: null, retry_plan: "standard", retry_delays: [5, 300], failing_since: null, paused_at: null, pause_reason: null,
  previous_secret_until: null, created_at: AT, updated_at: AT,
};

const dialog = () => within(screen.getByRole("dialog"));
const show = () => open(Webhooks, "/app/account/webhooks", "/app/account/webhooks", { allowed: ["reports.webhooks"] });
const bodies = (saves: () => { body: string }[]) => saves().map(({ body }) => JSON.parse(body));

async function edited(webhook: object) {
  const api = apiThatKeeps("/v1/webhooks/w1", webhook, { "/v1/webhooks": [webhook] });
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Edit https://shop.test/hook" }));
  await dialog().findByLabelText(/^Description/);
  return { ...api, save: () => userEvent.click(dialog().getByRole("button", { name: "Save" })) };
}

test("of a webhook only what was changed is sent, and its password stays", async () => {
  const { saves, save } = await edited(WEBHOOK);
  const url = dialog().getByLabelText(/^Address/);
  await userEvent.clear(url);
  await userEvent.type(url, "https://shop.test/new");
  await save();
  await waitFor(() => expect(saves()).toHaveLength(1));
  expect([bodies(saves), saves()[0]?.ifMatch]).toEqual([[{ url: "https://shop.test/new" }], '"v1"']);
});

test("another user name needs its password, and none takes the log-in away", async () => {
  const { saves, save } = await edited(WEBHOOK);
  const user = dialog().getByLabelText(/^User name/);
  await userEvent.type(user, "2");
  await save();
  await waitFor(() => expect(dialog().getByLabelText("Password")).toHaveAccessibleDescription(/needs its password/));
  expect(saves()).toEqual([]);
  await userEvent.clear(user);
  await save();
  await waitFor(() => expect(bodies(saves)).toEqual([{ basic_auth: null }]));
});

test("a plan of one's own is written in seconds; what is wrong with it stands at its field", async () => {
  const refused = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "retry_delays.0", code: "number.too_small", detail: "Must be 5 or more." }] };
  const asked = apiThatAnswers(({ method, path }) => (method === "PATCH" ? Response.json(refused, { status: 422 }) : path === "/v1/webhooks" ? pageOf([WEBHOOK]) : WEBHOOK));
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Edit https://shop.test/hook" }));
  await userEvent.click(await dialog().findByRole("combobox", { name: "What does not arrive is sent again" }));
  await userEvent.click(await screen.findByRole("option", { name: "as you say" }));
  const delays = dialog().getByLabelText(/^Seconds from each try/);
  await userEvent.clear(delays);
  await userEvent.type(delays, "1, 60{Enter}");
  await waitFor(() => expect(delays).toHaveAccessibleDescription(/Must be 5 or more/));
  expect(JSON.parse(asked.find(({ method }) => method === "PATCH")?.body ?? "")).toEqual({ retry_plan: "own", retry_delays: [1, 60] });
});

test("a webhook that was paused is switched on anew", async () => {
  const { saves, save } = await edited({ ...WEBHOOK, paused_at: AT, pause_reason: "failing" });
  const isOn = dialog().getByRole("checkbox", { name: "Switched on" });
  expect(isOn).not.toBeChecked();
  await userEvent.click(isOn);
  await save();
  await waitFor(() => expect(bodies(saves)).toEqual([{ enabled: true }]));
});

test("a webhook's new secret is shown once, and the old one signs on for as long as was chosen", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "POST" ? { ...WEBHOOK, secret: "whsec_new" } : pageOf([WEBHOOK])));
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "New secret of https://shop.test/hook" }));
  await userEvent.click(dialog().getByRole("combobox", { name: "The old secret signs on" }));
  await userEvent.click(await screen.findByRole("option", { name: "not at all" }));
  await userEvent.click(dialog().getByRole("button", { name: "New secret" }));
  expect(await dialog().findByText("whsec_new")).toBeVisible();
  const post = asked.find(({ method }) => method === "POST");
  expect([post?.path, JSON.parse(post?.body ?? "")]).toEqual(["/v1/webhooks/w1/rotation", { overlap_minutes: 0 }]);
});

test("the key of single messages is rotated; the one before signs on for an hour unless something else was chosen", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "POST" ? { secret: "whsec_key", previous_secret_until: AT } : pageOf([])));
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Get a new key" }));
  await userEvent.click(dialog().getByRole("button", { name: "Get a new key" }));
  expect(await dialog().findByText("whsec_key")).toBeVisible();
  const post = asked.find(({ method }) => method === "POST");
  expect([post?.path, JSON.parse(post?.body ?? "")]).toEqual(["/v1/webhooks/key", { overlap_minutes: 60 }]);
});

const TRY = { at: AT, endpoint: "main", status: 500, error: null, milliseconds: 120 };
const DELIVERY = { id: "d1", state: "failed", events: 3, is_test: false, attempts: [TRY, { ...TRY, at: "2027-03-01T10:05:00Z", status: null, error: "connection_refused" }], due_at: null, created_at: AT, finished_at: AT };
const showOne = (search = "", language: "en" | "pl" = "en") =>
  open(WebhookPage, "/app/account/webhooks/$webhookId", `/app/account/webhooks/w1${search}`, { allowed: ["reports.webhooks"], language });

test("a test is sent, and what the address answered is told", async () => {
  let looks = 0;
  const sent = { ...DELIVERY, id: "t1", state: "pending", is_test: true, attempts: [], finished_at: null };
  apiThatAnswers(({ method, path }) => {
    if (method === "POST" && path === "/v1/webhooks/w1/test") return sent;
    if (path === "/v1/webhooks/w1/deliveries/t1") return looks++ === 0 ? sent : { ...sent, state: "failed", attempts: [TRY] };
    return path === "/v1/webhooks/w1" ? WEBHOOK : pageOf([]);
  });
  await showOne();
  await userEvent.click(await screen.findByRole("button", { name: "Send a test" }));
  expect(await screen.findByText("The test did not arrive.")).toBeVisible();
  expect(screen.getByText("First address: answered 500, after 120 ms")).toBeVisible();
  expect(screen.getByText("Deliveries are kept for 30 days.")).toBeVisible();
});

test("the log is filtered by the address, on the account's clock, and one of it is sent again and looked at", async () => {
  const asked = apiThatAnswers(({ path }) => (path === "/v1/webhooks/w1" ? WEBHOOK : path.includes("/deliveries/d1") ? DELIVERY : pageOf([DELIVERY])));
  await showOne("?state=failed&from=2027-03-01%2010:00");
  expect(await screen.findByText("First address: no answer – it takes no connections, after 120 ms")).toBeVisible();
  const list = asked.find(({ path }) => path === "/v1/webhooks/w1/deliveries");
  expect([list?.query.state, list?.query.from, list?.query.to]).toEqual(["failed", "2027-03-01T09:00:00.000Z", undefined]);
  await userEvent.click(screen.getByRole("button", { name: /^Send again:/ }));
  await waitFor(() => expect(asked.some(({ method, path }) => method === "POST" && path === "/v1/webhooks/w1/deliveries/d1/replay")).toBe(true));
  await userEvent.click(screen.getByRole("button", { name: /^2 tries:/ }));
  expect(await dialog().findByText("First address: answered 500, after 120 ms")).toBeVisible();
  expect(dialog().getByText("Its number (webhook-id): d1")).toBeVisible();
});

test("all that failed in a range is sent again after one question that names both, and how far it is is told", async () => {
  const waits = { ...DELIVERY, state: "pending" };
  const asked = apiThatAnswers(({ method, path, query }) => {
    if (method === "POST") return { deliveries: 4 };
    if (path === "/v1/webhooks/w1") return WEBHOOK;
    return pageOf(query.state === "pending" ? [waits] : query.state === "failed" ? [DELIVERY, { ...DELIVERY, id: "t1", is_test: true }] : []);
  });
  await showOne("?from=2027-03-01%2010:00&to=2027-03-02%2010:00");
  await userEvent.click(await screen.findByRole("button", { name: "Send all failed again" }));
  expect(dialog().getByText(/shop.test\/hook that failed, of those made from 1 Mar 2027, 10:00 to 2 Mar 2027, 10:00/)).toBeVisible();
  await userEvent.click(dialog().getByRole("button", { name: "Send all failed again" }));
  expect(await screen.findByText("4 deliveries are sent again.")).toBeVisible();
  expect(await screen.findByText("Under way: 1. Failed, or waiting for their turn: 1.")).toBeVisible();
  expect(await screen.findByRole("progressbar", { name: "How many have arrived" })).toHaveAttribute("aria-valuenow", "50");
  const post = asked.find(({ method }) => method === "POST");
  expect([post?.path, JSON.parse(post?.body ?? "")]).toEqual(["/v1/webhooks/w1/replay", { from: "2027-03-01T09:00:00.000Z", to: "2027-03-02T09:00:00.000Z" }]);
});

test("what is switched off is told so and sends nothing again", async () => {
  apiThatAnswers(({ path }) => (path === "/v1/webhooks/w1" ? { ...WEBHOOK, enabled: false } : pageOf([DELIVERY])));
  await showOne("", "pl");
  expect(await screen.findByText(/Pierwszy adres: brak odpowiedzi/)).toBeVisible();
  expect(screen.queryByRole("button", { name: /ponownie/ })).not.toBeInTheDocument();
});

/** What the address answers to each test that is sent to it. */
function testedAs(...states: ("delivered" | "failed")[]) {
  let sent = 0;
  return apiThatAnswers(({ method, path }) => {
    if (method === "POST" && path === "/v1/webhooks/test") return { id: `t${(sent += 1)}`, url: WEBHOOK.url, state: "pending", attempts: [], created_at: AT, finished_at: null, secret: "whsec_test" };
    if (path.startsWith("/v1/webhooks/url-tests/")) {
      const state = states[sent - 1];
      return { id: `t${sent}`, url: WEBHOOK.url, state, attempts: [{ ...TRY, status: state === "failed" ? 500 : 204 }], created_at: AT, finished_at: AT };
    }
    return method === "POST" ? { ...WEBHOOK, secret: "whsec_new" } : pageOf([]);
  });
}

async function written(language: "en" | "pl" = "en") {
  await open(Webhooks, "/app/account/webhooks", "/app/account/webhooks", { allowed: ["reports.webhooks"], language });
  await userEvent.click(await screen.findByRole("button", { name: language === "en" ? "New webhook" : "Nowy webhook" }));
  await userEvent.type(dialog().getByLabelText(/^(Address|Adres)/), "shop.test/hook");
}

const posted = (asked: { method: string; path: string; body: string }[], to: string) => asked.filter(({ method, path }) => method === "POST" && path === to).map(({ body }) => JSON.parse(body));

test("an address is tested before its webhook is saved, and the test that arrived is saved with it", async () => {
  const asked = testedAs("failed", "delivered");
  await written();
  await userEvent.click(dialog().getByRole("button", { name: "Send a test" }));
  expect(await dialog().findByText("First address: answered 500, after 120 ms")).toBeVisible();
  expect(dialog().getByText(/Put it right and send another test/)).toBeVisible();
  await userEvent.type(dialog().getByLabelText(/^User name/), "wici");
  expect(dialog().queryByText("The test did not arrive.")).not.toBeInTheDocument();
  await userEvent.type(dialog().getByLabelText(/^Password/), "haslo-sklepu{Enter}");
  expect(await dialog().findByText("The test arrived.")).toBeVisible();
  expect(dialog().queryByRole("button", { name: "Save without a test" })).not.toBeInTheDocument();
  await userEvent.click(dialog().getByRole("button", { name: "Save" }));
  expect(await dialog().findByText("whsec_new")).toBeVisible();
  const address = { url: "https://shop.test/hook", secondary_url: null, basic_auth: { username: "wici", password: "haslo-sklepu" } };
  expect(posted(asked, "/v1/webhooks/test")).toEqual([{ ...address, basic_auth: null }, address]);
  expect(posted(asked, "/v1/webhooks")).toEqual([{ ...address, description: "", events: ["message.delivered"], test_id: "t2" }]);
});

test("an address that does not answer yet can be saved without a test", async () => {
  const asked = testedAs();
  await written("pl");
  await userEvent.click(dialog().getByRole("button", { name: "Zapisz bez testu" }));
  expect(await dialog().findByText("whsec_new")).toBeVisible();
  expect(posted(asked, "/v1/webhooks")[0]).not.toHaveProperty("test_id");
});
