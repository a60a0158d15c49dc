import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { CampaignPage } from "@/areas/campaigns/CampaignPage";
import { apiThatAnswers, open, pageOf } from "./pages";

const GROUP = { id: "g1", name: "All" };
const DRAFT = {
  id: "c1", name: "Spring", channel: "email", state: "draft", sender: null, audience: { groups: ["g1"], segments: [], exclude_groups: [], exclude_segments: [] },
  content: {}, options: {}, steps: null, ab_test: null,
};
const NONE = { total: 0, reachable: 0, excluded: 0, without_address: 0, archived: 0, without_consent: 0, capped: 0 };
const SENDERS = [{ sender: "Wici", name: "one", title: "One", phone: "+48500700800", id: "s1", state: "active" }, { sender: "Wici2", name: "two", title: "Two", phone: "+48500700801", id: "s2", state: "active" }];
const LISTS = ["/v1/sender-ids", "/v1/push/applications", "/v1/rcs/agents", "/v1/viber/bots", "/v1/whatsapp/senders"];

/** A draft at a step; `refused` is what its save is answered with. */
async function opened({ draft = {} as object, at = "step=what", refused = null as object | null, language = "en" as "en" | "pl" } = {}) {
  const asked = apiThatAnswers(({ method, path }) => {
    if (path === "/v1/audiences/count") return NONE;
    if (method === "PATCH" && refused) return Response.json(refused, { status: 422 });
    if (path === "/v1/campaigns/c1") return { ...DRAFT, ...draft };
    if (path === "/v1/sms/parts") return undefined;
    if (method === "POST") return { problems: [], previews: [] };
    return pageOf(path === "/v1/groups" ? [GROUP] : LISTS.includes(path) ? SENDERS : []);
  });
  await open(CampaignPage, "/app/campaigns/$campaignId", `/app/campaigns/c1?${at}`, { language });
  return { saves: () => asked.filter(({ method }) => method === "PATCH") };
}

const leave = async (name = "Save and continue") => userEvent.click(await screen.findByRole("button", { name }));
const listed = async (name = "Saved. Before it can go:") => within(await screen.findByRole("group", { name }));

test("a mail that lacks something is saved, and what is missing gets the focus, with the way to each field", async () => {
  const { saves } = await opened({ draft: { content: { html: "<p>Hi</p>" } } });
  await leave();
  const list = await listed();
  expect(screen.getByRole("group", { name: "Saved. Before it can go:" })).toHaveFocus();
  expect(list.getAllByRole("listitem").map((one) => one.textContent)).toEqual(["Write the address that it comes from.", "Write a subject: without one nothing is sent."]);
  expect(saves()).toHaveLength(1);

  await userEvent.click(list.getByRole("button", { name: /Write a subject/ }));
  expect(screen.getByLabelText("Subject")).toHaveFocus();
  await userEvent.keyboard("Sale");
  expect(list.queryByRole("button", { name: /Write a subject/ })).not.toBeInTheDocument();

  await leave();
  await waitFor(() => expect(screen.getByRole("group", { name: "Saved. Before it can go:" })).toHaveFocus());
  await userEvent.click(screen.getByRole("button", { name: "Go on and do it later" }));
  expect(await screen.findByRole("button", { name: "Send now" })).toBeDisabled();
});

test.each([["sms", "text"], ["push", "body"], ["rcs", "text"], ["viber", "text"]])("%s: without a sender and a content both are asked for, each where it is written", async (channel, place) => {
  await opened({ draft: { channel } });
  await leave();
  const links = (await listed()).getAllByRole("listitem").map((one) => within(one).getByRole("button"));
  expect(links).toHaveLength(2);
  for (const [at, path] of ["sender", place].entries()) {
    await userEvent.click(links[at] as HTMLElement);
    expect(document.activeElement).toHaveAttribute("data-path", path);
  }
});

test("of WhatsApp the number is asked for first: templates are a number's", async () => {
  await opened({ draft: { channel: "whatsapp" } });
  await leave();
  expect((await listed()).getAllByRole("listitem").map((one) => one.textContent)).toEqual(["Choose whom it comes from."]);
  await userEvent.click(screen.getByRole("combobox", { name: "WhatsApp number" }));
  await userEvent.click(await screen.findByRole("option", { name: /^One/ }));
  await leave();
  expect(await (await listed()).findByRole("button", { name: "Choose a template." })).toBeVisible();
});

test("what the API refuses is listed by its field, and nothing is said to be saved", async () => {
  const refused = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "content.text", code: "text.too_long", detail: "At most 1,530 characters." }] };
  await opened({ draft: { channel: "sms", sender: "Wici" }, refused });
  await userEvent.type(await screen.findByLabelText("Text"), "Hello");
  await leave();
  const list = await listed("Not saved yet");
  expect(screen.getByRole("group", { name: "Not saved yet" })).toHaveFocus();
  await userEvent.click(list.getByRole("button", { name: "Text: At most 1,530 characters." }));
  expect(screen.getByLabelText("Text")).toHaveFocus();
  expect(screen.queryByRole("button", { name: "Go on and do it later" })).not.toBeInTheDocument();
});

test("a refusal that is about no field gets the focus, too", async () => {
  await opened({ draft: { channel: "sms", sender: "Wici", content: { text: "Hello" } }, refused: { code: "campaign.not_draft", detail: "It has begun." } });
  await leave();
  await waitFor(() => expect(document.activeElement).toHaveTextContent("It has begun."));
});

test("without a group it is said so, in Polish", async () => {
  await opened({ draft: { audience: {} }, at: "step=who", language: "pl" });
  await leave("Zapisz i dalej");
  const list = await listed("Zapisano. Zanim będzie można wysłać:");
  await userEvent.click(list.getByRole("button", { name: "Wybierz grupę lub segment, który ją dostanie." }));
  expect(screen.getByRole("combobox", { name: "Grupy" })).toHaveFocus();
});

test("a chain names the steps that lack something, and leads to them", async () => {
  const steps = [{ channel: "sms", sender: "Wici", content: { text: "Hi" } }, { channel: "push", sender: null, content: { body: "Hi" } }];
  await opened({ draft: { channel: "sms", steps } });
  await leave();
  await userEvent.click((await listed()).getByRole("button", { name: "Step 2 (Push) lacks: a sender" }));
  expect(await screen.findByLabelText("Text")).toHaveValue("Hi");
});

test("what is missing at the end leads to its field", async () => {
  await opened({ at: "step=when", draft: { sender: { from_email: "ann@shop.test" }, content: { html: "<p>Hi</p>" } } });
  await userEvent.click(await screen.findByRole("button", { name: "a subject" }));
  await waitFor(() => expect(screen.getByLabelText("Subject")).toHaveFocus());
});

test.each([
  ["a button", { mjml: '<mjml><mj-button href="https://">Buy</mj-button></mjml>' }],
  ["a link", { html: "<p><a class='b' href=' http:// '>Buy</a></p>" }],
])("%s of a mail that leads nowhere yet is missing, too", async (_, source) => {
  await opened({ draft: { sender: { from_email: "shop@shop.test" }, content: { subject: "Sale", ...source } } });
  await leave();
  expect((await listed()).getAllByRole("listitem").map((one) => one.textContent)).toEqual(["A button or link leads nowhere yet: write where to."]);
  await userEvent.click(screen.getByRole("button", { name: "Go on and do it later" }));
  expect(await screen.findByRole("button", { name: "Send now" })).toBeDisabled();
  expect(screen.getByRole("button", { name: "where a link leads" })).toBeVisible();
});

test("a mail whose links lead somewhere lacks nothing", async () => {
  const mjml = '<mjml><mj-button href="https://shop.test/">Buy</mj-button><a href="{{ unsubscribe_url }}">x</a></mjml>';
  await opened({ draft: { sender: { from_email: "shop@shop.test" }, content: { subject: "Sale", mjml } } });
  await leave();
  expect(await screen.findByRole("button", { name: "Send now" })).toBeEnabled();
});
