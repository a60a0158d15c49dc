import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { CampaignPage } from "@/areas/campaigns/CampaignPage";
import { troubleOf } from "@/areas/campaigns/senderTrouble";
import { lacksUnsubscribe, withUnsubscribe } from "@/areas/campaigns/unsubscribeLink";
import { apiThatKeeps, open } from "./pages";

const NONE = { excluded: 0, without_address: 0, archived: 0, without_consent: 0, capped: 0 };
const DRAFT = {
  id: "c1", name: "Spring", channel: "email", state: "draft", sender: null, audience: { groups: ["g1"], segments: [], exclude_groups: [], exclude_segments: [] },
  content: { html: "<p>Hello</p>" }, options: {}, steps: null, ab_test: null,
};
const DOMAIN = { domain: "shop.test", state: "pending", campaigns_stop_at: null };
const READY = { domain: "ready.test", state: "verified", campaigns_stop_at: null };

async function opened(step: string, { draft = DRAFT as object, domains = [] as object[], count = {} as object, language = "en" as "en" | "pl" } = {}) {
  const api = apiThatKeeps("/v1/campaigns/c1", draft, {
    "/v1/sender-domains": domains, "/v1/sender-addresses": [], "/v1/groups": [{ id: "g1", name: "All" }], "/v1/segments": [], "/v1/templates": [],
    "/v1/contact-fields": [], "/v1/unsubscribe-pages": [], "/v1/contacts": [],
  });
  const answer = globalThis.fetch;
  globalThis.fetch = (async (request: Request) =>
    new URL(request.url).pathname === "/v1/audiences/count" ? Response.json({ total: 3, reachable: 3, ...NONE, ...count }) : answer(request)) as typeof fetch;
  await open(CampaignPage, "/app/campaigns/$campaignId", `/app/campaigns/c1?step=${step}`, { allowed: ["email.senders"], language });
  return { ...api, bodies: () => api.saves().filter(({ method }) => method === "PATCH").map(({ body }) => JSON.parse(body)) };
}

test("why nothing can leave from an address is told by its domain", () => {
  const address = { email: "ann@mail.test", state: "pending" };
  const why = (email: string, ...domains: (typeof DOMAIN)[]) => troubleOf(email, domains, [address])?.why ?? null;
  expect(troubleOf("", [], [])).toEqual({ why: "none", what: "" });
  expect(troubleOf("", [DOMAIN], [])).toEqual({ why: "unverified", what: "shop.test" });
  expect(why("a@shop.test", DOMAIN, READY)).toBe("unverified");
  expect(why("a@READY.test", DOMAIN, READY)).toBeNull();
  expect(why("", DOMAIN, READY)).toBeNull();
  expect(why("a@else.test", READY)).toBe("elsewhere");
  expect(why("Ann@mail.test", READY)).toBe("unconfirmed");
  expect(troubleOf("a@ready.test", [{ ...READY, campaigns_stop_at: "2027-03-01T10:00:00Z" }], [])?.why).toBe("lost");
});

test("a link to unsubscribe is put where the mail ends", () => {
  expect(lacksUnsubscribe({ html: "", mjml: "" })).toBe(false);
  expect(lacksUnsubscribe({ html: "<p>{{ unsubscribe_url }}</p>", mjml: "" })).toBe(false);
  expect(withUnsubscribe({ html: "<BODY><p>Hi</p></BODY>", mjml: "" }, "Out").html).toMatch(/<p>Hi<\/p><p.*{{ unsubscribe_url }}">Out<\/a><\/p><\/BODY>$/);
  expect(withUnsubscribe({ html: "", mjml: "<mjml><mj-body></mj-body></mjml>" }, "Out").mjml).toMatch(/<mj-body><mj-section>.*Out.*<\/mj-section><\/mj-body><\/mjml>$/);
});

test("a first mail: no domain, no subject and no link to unsubscribe are told where they are written, and all is kept", async () => {
  const { bodies } = await opened("what");
  expect(await screen.findByText("You have no domain to send from yet")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Put the link in at the end" }));
  await waitFor(() => expect(screen.queryByText("Nobody could unsubscribe from this mail")).not.toBeInTheDocument());
  await userEvent.click(screen.getByRole("button", { name: "Save and continue" }));
  await waitFor(() => expect(screen.getByLabelText("Subject")).toHaveAccessibleDescription(/without one nothing is sent/));
  expect(screen.getByLabelText("From (e-mail address)")).toHaveAccessibleDescription(/Write the address/);
  expect(bodies()).toHaveLength(1);
  expect(bodies()[0].content.html).toContain("{{ unsubscribe_url }}");
});

test("whoever goes to mend a domain finds what was written in the draft", async () => {
  const { bodies } = await opened("what", { domains: [DOMAIN] });
  await userEvent.type(await screen.findByLabelText("Subject"), "Sale");
  await userEvent.type(screen.getByLabelText("From (e-mail address)"), "ann@shop.test");
  expect(await screen.findByText("Nothing leaves from shop.test yet")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "See which records are missing" }));
  await waitFor(() => expect(screen.queryByLabelText("Subject")).not.toBeInTheDocument());
  expect(bodies().at(-1)).toMatchObject({ sender: { from_email: "ann@shop.test" }, content: { subject: "Sale" } });
});

test("an audience that reaches nobody says why, and where consents come from", async () => {
  const { bodies } = await opened("who", { count: { reachable: 0, without_consent: 2, archived: 1 }, language: "pl" });
  expect(await screen.findByText("Nikt tego nie dostanie")).toBeVisible();
  expect(screen.getByText(/nie zgodziły się/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Zrób formularz zapisu" }));
  await waitFor(() => expect(bodies()).toHaveLength(1));
  expect(bodies()[0].audience.groups).toEqual(["g1"]);
});

test("at the end what is missing leads to its step", async () => {
  await opened("when", { domains: [READY] });
  const lacks = within((await screen.findByText("Before it can go, it lacks")).closest("[role=alert]") as HTMLElement);
  expect(screen.getByRole("button", { name: "Send now" })).toBeDisabled();
  await userEvent.click(lacks.getByRole("button", { name: "a subject" }));
  expect(await screen.findByLabelText("Subject")).toBeVisible();
  expect(await screen.findByText("ann@shop.test")).toBeVisible();
});
