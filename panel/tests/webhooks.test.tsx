import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
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
  await userEvent.click(await screen.findByRole("button", { name: "Change https://shop.test/hook" }));
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
  await userEvent.click(await screen.findByRole("button", { name: "Change https://shop.test/hook" }));
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
