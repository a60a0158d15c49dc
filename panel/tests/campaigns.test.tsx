import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";
import { AbTest, type Test } from "@/areas/campaigns/AbTest";
import { CampaignPage } from "@/areas/campaigns/CampaignPage";
import { type Campaign, missingOf } from "@/areas/campaigns/draft";
import { Booster } from "@/areas/reports/Booster";
import { Comparison } from "@/areas/reports/Comparison";
import { VariantTable } from "@/areas/reports/VariantTable";
import { apiThatAnswers, open, pageOf } from "./pages";

const CAMPAIGN = {
  id: "c1", name: "Spring", channel: "sms", state: "draft", sender: "Wici", audience: { groups: ["g"] }, content: { text: "Hello", short_links: true },
  options: {}, ab_test: null,
} as unknown as Campaign;

function Form({ campaign }: { campaign: Campaign }) {
  const [value, setValue] = useState<Test | null>(null);
  return (
    <>
      <AbTest campaign={campaign} value={value} change={setValue} />
      <output>{JSON.stringify(value)}</output>
    </>
  );
}

test("an A/B test begins with two versions of what is written and takes up to five", async () => {
  await open(() => <Form campaign={CAMPAIGN} />, "/", "/");
  await userEvent.click(await screen.findByRole("switch", { name: /Send several versions/ }));
  await userEvent.clear(screen.getByLabelText("Version B"));
  await userEvent.type(screen.getByLabelText("Version B"), "Bye");
  for (let more = 0; more < 3; more += 1) await userEvent.click(screen.getByRole("button", { name: "Add a version" }));
  expect(screen.queryByRole("button", { name: "Add a version" })).not.toBeInTheDocument();
  const { variants, metric } = JSON.parse(screen.getByRole("status").textContent ?? "") as Test;
  expect(variants.map(({ name }) => name)).toEqual([..."ABCDE"]);
  expect(variants.slice(0, 2).map(({ content }) => content)).toEqual([{ text: "Hello" }, { text: "Bye" }]);
  expect(metric).toBe("clicks");
});

test("a draft of a channel that the panel does not know is shown, and asked nothing of", async () => {
  const unknown = { ...CAMPAIGN, channel: "carrier_pigeon", content: {} } as unknown as Campaign;
  expect(missingOf(unknown).what).toEqual([]);
  apiThatAnswers(({ path }) => (path === "/v1/campaigns/c1" ? unknown : pageOf([])));
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what");
  expect(await screen.findByText(/by the API/)).toBeVisible();
});

test("while no version has won, whoever may send chooses one", async () => {
  const figures = { sent: 10, delivered: 9, opened: 0, clicked: 2, unsubscribed: 0, complained: 0, rate: 0.2 };
  const testing = { stage: "undecided", recipients_each: 10, tested_at: null, winner: null, chosen_by: null, decision: null };
  const asked = apiThatAnswers(({ method }) =>
    method === "POST" ? CAMPAIGN : { campaign_id: "c1", metric: "clicks", test: testing, variants: [{ ...figures, name: "A" }, { ...figures, name: "B" }] },
  );
  await open(() => <VariantTable campaign={CAMPAIGN} />, "/", "/", { allowed: ["sms.campaigns.send"] });
  await userEvent.click(await screen.findByRole("button", { name: "Send B to the rest" }));
  await waitFor(() => expect(asked.some(({ path, body }) => path.endsWith("/winner") && body === '{"variant":"B"}')).toBe(true));
});

test("a booster takes the campaign's content with other words", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "POST" ? { ...CAMPAIGN, id: "c2" } : CAMPAIGN));
  await open(() => <Booster campaignId="c1" who="not_clicked" />, "/", "/");
  await userEvent.click(await screen.findByRole("button", { name: "Booster" }));
  const dialog = within(await screen.findByRole("dialog"));
  await userEvent.clear(await dialog.findByLabelText("Text"));
  await userEvent.type(dialog.getByLabelText("Text"), "Last day");
  await userEvent.click(dialog.getByRole("button", { name: "Schedule the booster" }));
  await waitFor(() => expect(asked.some(({ method }) => method === "POST")).toBe(true));
  expect(JSON.parse(asked.find(({ method }) => method === "POST")?.body ?? "")).toEqual({
    who: "not_clicked", after_minutes: 1440, channel: "sms", sender: "Wici", content: { text: "Last day", short_links: true },
  });
});

test("which campaigns are compared is in the address", async () => {
  const asked = apiThatAnswers(({ path }) => (path === "/v1/reports/compare" ? { items: [] } : pageOf([])));
  await open(Comparison, "/app/compare", "/app/compare?ids=a,b");
  await waitFor(() => expect(asked.some(({ query }) => query.ids === "a,b")).toBe(true));
});
