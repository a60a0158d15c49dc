import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { CampaignPage } from "@/areas/campaigns/CampaignPage";
import { isWritten, type RcsContent, type WhatsappContent } from "@/areas/campaigns/draft";
import * as rcs from "@/areas/campaigns/rcsForm";
import * as whatsapp from "@/areas/campaigns/whatsappForm";
import { filledIn, partsOf } from "@/areas/campaigns/whatsappTemplate";
import { ViberBots } from "@/areas/operator/OtherSenders";
import { Senders } from "@/areas/senders/Senders";
import { apiThatAnswers, open, pageOf } from "./pages";

const DRAFT = { id: "c1", name: "Sale", state: "draft", sender: null, audience: { groups: ["g"] }, content: {}, options: {}, ab_test: null };
const SALE = {
  id: "t1", name: "sale", language: "pl", status: "APPROVED", category: "MARKETING", updated_at: "2027-03-01T10:00:00Z",
  components: [
    { type: "HEADER", format: "TEXT", text: "Hi {{1}}" },
    { type: "BODY", text: "Sale until {{1}}: {{2}}" },
    { type: "BUTTONS", buttons: [{ type: "URL", text: "Shop", url: "https://shop.test/{{1}}" }, { type: "QUICK_REPLY", text: "Stop" }] },
  ],
};
const RCS: RcsContent[] = [
  { kind: "basic", text: "Hi" },
  { kind: "single", text: "Hi", suggestions: [{ type: "reply", text: "Yes", postback: "yes" }], ttl_seconds: 60 },
  { kind: "single", media: { url: "https://shop.test/a.jpg" } },
  { kind: "file", media: { url: "https://shop.test/a.pdf", thumbnail_url: "https://shop.test/a.jpg" } },
  { kind: "card", card: { title: "Sale", media: { height: "tall", url: "https://shop.test/a.jpg" }, suggestions: [{ type: "location", text: "Where", latitude: 54, longitude: 18 }] } },
  { kind: "carousel", carousel: { width: "small", cards: [{ title: "A" }, { description: "B", suggestions: [{ type: "dial", text: "Call", phone: "+48600100200" }] }] } },
];
const WHATSAPP: WhatsappContent[] = [
  { text: "Hi", buttons: [{ id: "answer-1", title: "Yes" }], preview_url: true },
  { template: { name: "sale", language: "pl", header: "Ann", body: ["Friday", "half"], buttons: [{ index: 0, url: "sale" }, { index: 1, payload: "stop" }] } },
];

test.each(RCS)("what the panel does not write of an RCS message stays: %j", (content) => {
  expect(rcs.contentOf(content, rcs.formOf("shop", content))).toEqual(content);
});

test.each(WHATSAPP)("what the panel does not write of a WhatsApp message stays: %j", (content) => {
  expect(whatsapp.contentOf(content, whatsapp.formOf("shop", content), SALE as never, partsOf(SALE as never))).toEqual(content);
});

test("problems stand where the field is", () => {
  expect(["content.carousel.cards.1.title", "content.card.media.url", "content.suggestions.0.url", "content.text"].map(rcs.placeInForm)).toEqual([
    "cards.1.title", "cards.0.picture", "suggestions.0.url", "text",
  ]);
  expect(["content.template.body.1", "content.template.name", "content.buttons.0.title", "content.text"].map(whatsapp.placeInForm)).toEqual([
    "body.1", "template", "buttons.0", "text",
  ]);
});

test("a template's values stand in their places, and those that are missing are seen to be", () => {
  expect(filledIn("Sale until {{1}}: {{2}}", ["Friday"])).toBe("Sale until Friday: {{2}}");
});

test("a carousel without a word in it is not written yet", () => {
  expect(isWritten("rcs", { kind: "carousel", carousel: { cards: [{}, {}] } })).toBe(false);
  expect(isWritten("rcs", { kind: "carousel", carousel: { cards: [{}, { title: "B" }] } })).toBe(true);
});

test("an RCS message with a button is written for the only agent there is", async () => {
  const asked = apiThatAnswers(({ method, path }) => {
    if (path === "/v1/campaigns/c1") return { ...DRAFT, channel: "rcs" };
    if (path === "/v1/rcs/agents") return pageOf([{ id: "a", name: "shop", title: "Shop", state: "active" }]);
    return method === "GET" ? pageOf([]) : { problems: [], previews: [] };
  });
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what");
  await userEvent.type(await screen.findByLabelText("Text"), "Sale!");
  await userEvent.click(screen.getByText("Add a button"));
  await userEvent.type(screen.getByLabelText("Text of the button"), "Look");
  await userEvent.type(screen.getByLabelText("Leads to"), "shop.test");
  await userEvent.click(screen.getByText("Save and continue"));
  await waitFor(() => expect(asked.some(({ method }) => method === "PATCH")).toBe(true));
  expect(JSON.parse(asked.find(({ method }) => method === "PATCH")?.body ?? "")).toEqual({
    sender: "shop",
    content: { kind: "single", text: "Sale!", suggestions: [{ type: "url", text: "Look", url: "https://shop.test" }] },
  });
});

test("a WhatsApp template asks for each of its values, and shows what it makes of them", async () => {
  const texts = { "template.header": "Ann", "template.body.0": "Friday", "template.body.1": "half" };
  const asked = apiThatAnswers(({ method, path }) => {
    if (path === "/v1/campaigns/c1") return { ...DRAFT, channel: "whatsapp", sender: "shop", content: { template: { name: "sale", language: "pl", header: "Ann" } } };
    if (path.endsWith("/templates")) return pageOf([SALE]);
    if (path === "/v1/whatsapp/senders") return pageOf([{ id: "n", name: "shop", title: "Shop", phone: "+48500700800", state: "active" }]);
    return method === "GET" ? pageOf([]) : { problems: [], previews: [{ rendered: { text: "", texts }, problem: null }] };
  });
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what");
  await userEvent.type(await screen.findByLabelText("In place of {{1}}"), "Friday");
  await userEvent.type(screen.getByLabelText("In place of {{2}}"), "half");
  await userEvent.type(screen.getByLabelText("End of the link of “Shop”"), "sale");
  expect(await screen.findByText("Sale until Friday: half")).toBeVisible();
  expect(screen.getByText("Hi Ann")).toBeVisible();
  await userEvent.click(screen.getByText("Save and continue"));
  await waitFor(() => expect(asked.some(({ method }) => method === "PATCH")).toBe(true));
  expect(JSON.parse(asked.find(({ method }) => method === "PATCH")?.body ?? "").content).toEqual({
    template: { name: "sale", language: "pl", header: "Ann", body: ["Friday", "half"], buttons: [{ index: 0, url: "sale" }] },
  });
});

test("a channel whose senders one may not see says which right is missing", async () => {
  apiThatAnswers(() => pageOf([]));
  await open(Senders, "/app/senders", "/app/senders?channel=rcs", { allowed: ["sms.senders"] });
  expect(await screen.findByText(/rcs\.senders/)).toBeVisible();
});

test("an operator sets a Viber bot up with what Viber gave for it", async () => {
  const bot = { id: "b1", account_id: "a1", name: "shop", title: "Shop", state: "requested", reason: null, uri: null, hook_at: null, hook_problem: null, hook_path: "/hooks/viber/x", created_at: "2027-03-01T10:00:00Z" };
  const asked = apiThatAnswers(({ method }) => (method === "GET" ? pageOf([bot]) : { ...bot, state: "active" }));
  await open(ViberBots, "/app/operator/viber", "/app/operator/viber");
  await userEvent.click(await screen.findByRole("button", { name: "Activate" }));
  await userEvent.type(await screen.findByLabelText(/URI of the bot/), "shop-bot");
  await userEvent.type(screen.getByLabelText(/Token of the bot/), "445da6az1s345z78");
  await userEvent.type(screen.getByLabelText(/Reason/), "Contract 18");
  await userEvent.click(screen.getAllByRole("button", { name: "Activate" }).at(-1) as HTMLElement);
  await waitFor(() => expect(asked.some(({ method }) => method === "POST")).toBe(true));
  const { path, body } = asked.find(({ method }) => method === "POST") ?? { path: "", body: "{}" };
  expect(path).toBe("/v1/operator/viber/bots/b1/decision");
  expect(JSON.parse(body)).toEqual({ decision: "activate", uri: "shop-bot", auth_token: "445da6az1s345z78", reason: "Contract 18" });
});
