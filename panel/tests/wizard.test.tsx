import { screen, waitFor } from "@testing-library/react";
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
