import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { CampaignPage } from "@/areas/campaigns/CampaignPage";
import { apiThatAnswers, open, pageOf } from "./pages";

const DRAFT = { id: "c1", name: "Spring", channel: "sms", state: "draft", sender: null, audience: { groups: ["g1"], segments: [] }, content: {}, options: {}, ab_test: null, approval: null };

test.each([
  ["what it lacks", {}, "What"],
  ["whom it is for", { audience: { groups: [], segments: [] } }, "Who"],
  ["its beginning, where it lacks nothing", { sender: "Shop", content: { text: "Hello" } }, "Who"],
])("who comes back to a draft is at %s", async (_, parts, heading) => {
  apiThatAnswers(({ path }) => (path === "/v1/campaigns/c1" ? { ...DRAFT, ...parts } : pageOf([])));
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1");
  expect(await screen.findByRole("heading", { name: heading, level: 2 })).toBeVisible();
});

test("a step that was gone through and lacks something is not ticked off", async () => {
  apiThatAnswers(({ path }) => (path === "/v1/campaigns/c1" ? { ...DRAFT, audience: { groups: [], segments: [] } } : pageOf([])));
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what");
  expect(await screen.findByRole("button", { name: /Missing: a group/ })).toHaveTextContent("!");
});

test("what is scheduled says what will go out", async () => {
  const scheduled = { id: "1", name: "Sale", channel: "sms", state: "scheduled", sender: "Shop", content: { text: "From Monday on" }, audience: {}, options: {}, steps: null, approval: null, failure: null, started_at: null, send_at: "2027-03-01T10:00:00Z" };
  apiThatAnswers(({ path }) => (path === "/v1/campaigns/1" ? scheduled : pageOf([])));
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/1");
  expect(await screen.findByText("Sender: Shop")).toBeVisible();
  expect(screen.getByText("From Monday on")).toBeVisible();
});

test("a group and the last segment that were deleted are said to be, and can be taken out of the draft", async () => {
  const draft = { ...DRAFT, audience: { groups: ["g1", "g2"], segments: ["s1"] } };
  const asked = apiThatAnswers(({ method, path }) => {
    if (path === "/v1/audiences/count") return Response.json({ code: "segment.not_found", detail: "There is no segment s1." }, { status: 422 });
    if (path !== "/v1/campaigns/c1") return pageOf(path === "/v1/groups" ? [{ id: "g1", name: "Customers" }] : []);
    return method === "GET" ? draft : { ...draft, audience: { groups: ["g1"], segments: [] } };
  });
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=who", { allowed: ["sms.campaigns.write"] });
  await waitFor(() => expect(screen.queryAllByText("deleted")).not.toEqual([]));
  await userEvent.type(screen.getByRole("combobox", { name: "Groups" }), "{Backspace}");
  await userEvent.type(screen.getByRole("combobox", { name: "Segments" }), "{Backspace}");
  expect(screen.queryAllByText("deleted")).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Save and continue" }));
  await waitFor(() => expect(asked.some(({ method }) => method === "PATCH")).toBe(true));
  expect(JSON.parse(asked.find(({ method }) => method === "PATCH")?.body ?? "")).toMatchObject({ audience: { groups: ["g1"], segments: [] } });
});

/** A whole draft; nothing is known of what its text takes or looks like. */
function draftThatSays(text: string) {
  return apiThatAnswers(({ method, path }) => {
    if (path === "/v1/campaigns/c1") return { ...DRAFT, sender: "Shop", content: { text } };
    return method === "GET" ? pageOf([]) : undefined;
  });
}

test("what is known of a person comes where somebody was writing, who goes on behind it", async () => {
  draftThatSays("Hello !");
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what", { allowed: ["sms.campaigns.write"] });
  const text = await screen.findByRole("textbox", { name: "Text" });
  await userEvent.type(text, "{ArrowLeft}");
  await userEvent.click(screen.getByRole("button", { name: "First name" }));
  await userEvent.keyboard(" from Shop");
  expect(text).toHaveValue("Hello {{ first_name }} from Shop!");
});

test("where nobody has written yet, it comes at the end", async () => {
  draftThatSays("Hello ");
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what", { allowed: ["sms.campaigns.write"] });
  await userEvent.click(await screen.findByRole("button", { name: "First name" }));
  expect(screen.getByRole("textbox", { name: "Text" })).toHaveValue("Hello {{ first_name }}");
});

test("a test goes to a number as it is written, with spaces and without Enter", async () => {
  const asked = draftThatSays("Hello");
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what", { allowed: ["sms.campaigns.write"] });
  await userEvent.type(await screen.findByRole("combobox", { name: "Phone numbers" }), "+48 601 234 567");
  await userEvent.click(screen.getByRole("button", { name: "Send the test" }));
  await waitFor(() => expect(asked.find(({ path }) => path.endsWith("/test"))?.body).toContain('"addresses":["+48601234567"]'));
});

test("a test without a number says that one is wanted", async () => {
  draftThatSays("Hello");
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what", { allowed: ["sms.campaigns.write"] });
  await userEvent.click(await screen.findByRole("button", { name: "Send the test" }));
  expect(await screen.findByText("Type whom the test is to go to.")).toBeVisible();
});

test("a test of a message that is not written yet says what is missing", async () => {
  const asked = draftThatSays("");
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=what", { allowed: ["sms.campaigns.write"] });
  await userEvent.type(await screen.findByRole("combobox", { name: "Phone numbers" }), "+48601234567");
  await userEvent.click(screen.getByRole("button", { name: "Send the test" }));
  expect(await screen.findByRole("button", { name: "Write the message: nothing is in it yet." })).toBeVisible();
  expect(asked.some(({ path }) => path.endsWith("/test"))).toBe(false);
});

/** A whole draft, at its last step, that reaches two of three people; what an SMS to them costs is known. */
async function openToSend(language: "en" | "pl" = "en") {
  const draft = { ...DRAFT, sender: "Shop", content: { text: "Hello" } };
  const reachable = { total: 3, reachable: 2, excluded: 0, without_address: 1, archived: 0, without_consent: 0, capped: 0, not_proved: 0 };
  const cost = { amount: 20, currency: "PLN" };
  const parts = { characters: 5, parts: 1, encoding: "gsm", offenders: [], replaced: null, prices: [], recipients: { reachable: 2, total: { estimate: cost, most: cost } } };
  const asked = apiThatAnswers(({ path }) => {
    if (path === "/v1/audiences/count") return reachable;
    if (path === "/v1/sms/parts") return parts;
    return path.startsWith("/v1/campaigns/c1") ? draft : pageOf([]);
  });
  await open(CampaignPage, "/app/campaigns/$campaignId", "/app/campaigns/c1?step=when", { allowed: ["sms.campaigns.write", "sms.campaigns.send"], language });
  const sent = () => asked.filter(({ path }) => path.endsWith("/schedule")).map(({ body }) => JSON.parse(body) as object);
  return { sent };
}

test("a campaign goes at once only after it was asked how many people it goes to, how, and at what cost", async () => {
  const { sent } = await openToSend();
  await userEvent.click(await screen.findByRole("button", { name: "Send now" }));
  const question = within(await screen.findByRole("dialog", { name: "Send now" }));
  expect(question.getByText("“Spring” goes out at once: SMS.")).toBeVisible();
  expect(await question.findByText("2 people of 3 chosen get it now")).toBeVisible();
  expect(await question.findByText(/About PLN\s0.20 for 2 recipients/)).toBeVisible();
  expect(sent()).toEqual([]);
  await userEvent.click(question.getByRole("button", { name: "Send now" }));
  await waitFor(() => expect(sent()).toEqual([{}]));
});

test("who thinks better of it sends nothing", async () => {
  const { sent } = await openToSend("pl");
  await userEvent.click(await screen.findByRole("button", { name: "Wyślij teraz" }));
  const question = within(await screen.findByRole("dialog", { name: "Wyślij teraz" }));
  expect(question.getByText("„Spring” wyjdzie od razu: SMS.")).toBeVisible();
  await userEvent.click(question.getByRole("button", { name: "Anuluj" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(sent()).toEqual([]);
});

test("a campaign for later asks with the time", async () => {
  const { sent } = await openToSend();
  await userEvent.click(await screen.findByRole("radio", { name: "At a date and time" }));
  await userEvent.click(screen.getByRole("button", { name: "Schedule" }));
  expect(await screen.findByText("Choose a date and time.")).toBeVisible();
  expect(screen.queryByRole("dialog")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Date and time" }));
  await userEvent.click(await screen.findByRole("button", { name: /^20 / }));
  await userEvent.keyboard("{Escape}");
  await userEvent.click(screen.getByRole("button", { name: "Schedule" }));
  const question = within(await screen.findByRole("dialog", { name: "Schedule" }));
  expect(question.getByText(/^“Spring” goes out on 20 .*: SMS\.$/)).toBeVisible();
  await question.findByText("2 people of 3 chosen get it now");
  await userEvent.click(question.getByRole("button", { name: "Schedule" }));
  await waitFor(() => expect(sent()).toEqual([{ at: expect.stringMatching(/-20T00:00$/) as string }]));
});
