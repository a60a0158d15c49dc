import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { Refusal } from "@/api/refusal";
import { CampaignPage } from "@/areas/campaigns/CampaignPage";
import { type Campaign, missingOf, ofPart } from "@/areas/campaigns/draft";
import { apiThatAnswers, open, pageOf } from "./pages";

const GO_ON = { impossible: true, refused: true, not_delivered_minutes: null, not_read_hours: null };
const STEPS = [
  { channel: "rcs", sender: "shop", content: { kind: "single", text: "Hi" }, go_on: GO_ON, quiet_hours: null },
  { channel: "sms", sender: null, content: {}, go_on: GO_ON, quiet_hours: null },
];
const DRAFT = { id: "c1", name: "Sale", state: "draft", channel: "rcs", channels: ["rcs", "sms"], sender: null, audience: { groups: ["g"] }, content: {}, steps: STEPS, options: {}, ab_test: null };

const answers = ({ path }: { path: string }) => (path === "/v1/campaigns/c1" ? DRAFT : path === "/v1/sender-ids" ? pageOf([{ sender: "Wici" }]) : undefined);

test("a chain says of each step what it lacks, and when the next takes over", async () => {
  expect(missingOf(DRAFT as unknown as Campaign).what).toEqual(["sender", "content"]);
  const asked = apiThatAnswers(answers);
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what");
  await userEvent.type(await screen.findByLabelText("not delivered after (minutes)"), "30");
  await userEvent.tab();
  await waitFor(() => expect(asked.some(({ method }) => method === "PATCH")).toBe(true));
  const { steps } = JSON.parse(asked.find(({ method }) => method === "PATCH")?.body ?? "") as { steps: typeof STEPS };
  expect(steps).toEqual([{ ...STEPS[0], go_on: { ...GO_ON, not_delivered_minutes: 30 } }, STEPS[1]]);
});

test("a step is written as a campaign of its channel is, and the others stay as they are", async () => {
  const asked = apiThatAnswers(answers);
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what&part=2");
  await userEvent.type(await screen.findByLabelText("Text"), "Hello");
  await userEvent.click(screen.getByText("Save and continue"));
  await waitFor(() => expect(asked.some(({ method }) => method === "PATCH")).toBe(true));
  const { steps } = JSON.parse(asked.find(({ method }) => method === "PATCH")?.body ?? "") as { steps: typeof STEPS };
  expect(steps[0]).toEqual(STEPS[0]);
  expect(steps[1]).toMatchObject({ channel: "sms", sender: "Wici", content: { text: "Hello" } });
});

test("what is wrong with a step stands at its own fields", () => {
  const refused = new Refusal({ errors: [{ field: "steps.1.content.text", code: "x", detail: "Too long." }, { field: "steps.0.sender", code: "x", detail: "None." }] } as never, 422);
  expect((ofPart(refused, 1) as Refusal).fields.map(({ field }) => field)).toEqual(["content.text", "steps.0.sender"]);
});

test("the figures of steps ask for no more than a screen of 1440 pixels leaves beside the menu", async () => {
  const step = { place: 1, channel: "rcs", state: "sending", campaign_id: "c2", sent: 5, reached: 4, failed: 1, impossible: 0, timed_out: 0, unknown: 0, saved: 0, cost: null };
  const campaign = { ...DRAFT, state: "sending", started_at: "2027-03-01T10:00:00Z", failure: null, approval: null, progress: {} };
  apiThatAnswers(({ path }) => (path.endsWith("/steps") ? { recipients: 5, reached_by: { rcs: 4 }, by_state: {}, steps: [step], cost: null } : campaign));
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1", { allowed: ["reports.read"] });
  const width = /min-width: calc\(([\d.]+)rem/.exec((await screen.findByRole("table")).getAttribute("style") ?? "")?.[1];
  expect(Number(width) * 16).toBeLessThan(1152);
});

test("a step goes only once that was asked, and what it was is named", async () => {
  const three = { ...DRAFT, steps: [...STEPS, { ...STEPS[1], channel: "email" }] };
  const asked = apiThatAnswers(({ path, method, body }) => (path === "/v1/campaigns/c1" ? (method === "PATCH" ? { ...three, ...JSON.parse(body) } : three) : pageOf([])));
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what");
  await userEvent.click(await screen.findByRole("button", { name: "Delete step 2" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByText("Step 2 (SMS) will be gone, with what is written in it.")).toBeVisible();
  expect(asked.filter(({ method }) => method === "PATCH")).toEqual([]);
  await userEvent.click(dialog.getByRole("button", { name: "Delete" }));
  await waitFor(() => expect(screen.queryByRole("button", { name: "Delete step 3" })).not.toBeInTheDocument());
  const { steps } = JSON.parse(asked.find(({ method }) => method === "PATCH")?.body ?? "") as { steps: { channel: string }[] };
  expect(steps.map(({ channel }) => channel)).toEqual(["rcs", "email"]);
});

test("a test that was sent says to whom, also to who does not see the page", async () => {
  const asked = apiThatAnswers((one) => (one.path.endsWith("/test") ? { messages: [] } : answers(one)));
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what&part=2");
  await userEvent.type(await screen.findByLabelText("Text"), "Hello");
  await userEvent.type(screen.getByLabelText("Phone numbers", { selector: "input" }), "+48600100200{Enter}");
  const told = within(screen.getByText("Send a test", { selector: "h2" }).parentElement as HTMLElement).getByRole("status");
  expect(told).toBeEmptyDOMElement();
  await userEvent.click(screen.getByRole("button", { name: "Send the test" }));
  await waitFor(() => expect(told).toHaveTextContent("To: +48600100200"));
  expect(JSON.parse(asked.find(({ path }) => path.endsWith("/test"))?.body ?? "")).toMatchObject({ addresses: ["+48600100200"], step: 2 });
});
