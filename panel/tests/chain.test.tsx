import { screen, waitFor } from "@testing-library/react";
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

const answers = ({ path }: { path: string }) => (path === "/v1/campaigns/c1" ? DRAFT : pageOf(path === "/v1/sender-ids" ? [{ sender: "Wici" }] : []));

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
