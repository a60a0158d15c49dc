import { cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { Senders } from "@/areas/senders/Senders";
import { apiThatAnswers, open, pageOf } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const ADDRESS = { id: "a1", email: "biuro@mail.test", name: "Biuro", state: "pending", warning: { code: "sender_address.not_aligned", detail: "It is not signed." }, is_of_trial: false, created_at: AT };

const show = (at = "", language: "en" | "pl" = "en") => open(Senders, "/app/senders", `/app/senders?channel=email${at}`, { allowed: ["email.senders"], language });

test("a single address is added, and confirmed by the code that was mailed to it", async () => {
  let state = "";
  const asked = apiThatAnswers(({ method, path }) => {
    if (path === "/v1/sender-addresses" && method === "POST") return { ...ADDRESS, state: (state = "pending") };
    if (path === "/v1/sender-addresses/a1/confirm") return { ...ADDRESS, state: (state = "verified") };
    return pageOf(path === "/v1/sender-addresses" && state ? [{ ...ADDRESS, state }] : []);
  });
  await show();
  await userEvent.type(await screen.findByLabelText(/^New address/), "biuro@mail.test");
  await userEvent.click(screen.getAllByRole("button", { name: "Add" })[1] as HTMLElement);
  expect(await screen.findByText(/^Without a signature \(DKIM\) of its own domain/)).toBeVisible();
  await userEvent.type(screen.getByLabelText(/^Code mailed to biuro@mail.test/), "123456");
  await userEvent.click(screen.getByRole("button", { name: "Confirm" }));
  expect(await screen.findByText("verified")).toBeVisible();
  expect(screen.queryByLabelText(/^Code mailed to/)).not.toBeInTheDocument();
  expect(asked.flatMap(({ method, body }) => (method === "POST" ? [JSON.parse(body)] : []))).toEqual([{ email: "biuro@mail.test" }, { code: "123456" }]);
});

test("another code is asked for, and what stands against it is said; an address is deleted once that is asked", async () => {
  let isThere = true;
  const asked = apiThatAnswers(({ method, path }) => {
    if (path === "/v1/sender-addresses/a1/code") return asked.filter((one) => one.path === path).length === 1 ? ADDRESS : Response.json({ code: "sender_address.too_many_codes", detail: "Enough codes were mailed for today." }, { status: 429 });
    if (method === "DELETE") return (isThere = false), new Response(null, { status: 204 });
    return pageOf(path === "/v1/sender-addresses" && isThere ? [ADDRESS] : []);
  });
  await show();
  const again = await screen.findByRole("button", { name: "Send another code to biuro@mail.test" });
  await userEvent.click(again);
  await waitFor(() => expect(again).toBeEnabled());
  expect(screen.queryByText("Enough codes were mailed for today.")).not.toBeInTheDocument();
  await userEvent.click(again);
  expect(await screen.findByText("Enough codes were mailed for today.")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Delete" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByText("Within a minute nothing leaves from biuro@mail.test.")).toBeVisible();
  expect(isThere).toBe(true);
  await userEvent.click(dialog.getByRole("button", { name: "Delete" }));
  expect(await screen.findByText("There is no single address yet.")).toBeVisible();
});

test("the trial's own address says that it goes with the trial, and cannot be deleted", async () => {
  apiThatAnswers(({ path }) => pageOf(path === "/v1/sender-addresses" ? [{ ...ADDRESS, state: "verified", warning: null, is_of_trial: true }] : []));
  await show();
  expect(await screen.findByText(/goes when the trial ends/)).toBeVisible();
  expect(screen.queryByRole("button", { name: "Delete" })).not.toBeInTheDocument();
});

test("why an address is refused stands at its field", async () => {
  const refused = { code: "request.invalid", detail: "Niektóre pola są niepoprawne.", errors: [{ field: "email", code: "sender_address.refused_by_domain", detail: "Ta domena nie przyjmuje takiej poczty." }] };
  apiThatAnswers(({ method }) => (method === "POST" ? Response.json(refused, { status: 422 }) : pageOf([])));
  await show("", "pl");
  const field = await screen.findByLabelText(/^Nowy adres/);
  await userEvent.type(field, "biuro@mail.test{Enter}");
  await waitFor(() => expect(field).toHaveAccessibleDescription(/nie przyjmuje/));
});

const DOMAIN = { id: "d1", domain: "shop.test", state: "verified", records: [], link_host: null, campaigns_stop_at: null, short_links: false, checked_at: null };
const FIGURES = { messages: 200, passed: 180, dkim_aligned: 170, spf_aligned: 150, quarantined: 15, rejected: 5 };

test("what receivers report of a domain is shown by source and receiver, for as many days as the address says", async () => {
  const view = { ...FIGURES, domain: "shop.test", since: AT, reports: 3, sources: [{ ...FIGURES, name: "192.0.2.25" }], reporters: [{ ...FIGURES, name: "google.com" }] };
  const asked = apiThatAnswers(({ path, query }) => {
    if (path === "/v1/sender-domains/d1/dmarc") return query.days === "7" ? { ...view, messages: 0, reports: 0, sources: [], reporters: [] } : view;
    return pageOf(path === "/v1/sender-domains" ? [DOMAIN] : []);
  });
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "DMARC reports of shop.test" }));
  const dialog = within(await screen.findByRole("dialog", { name: "DMARC reports of shop.test" }));
  expect(await dialog.findByText("90%")).toBeVisible();
  expect(dialog.getByRole("row", { name: /192\.0\.2\.25/ })).toHaveTextContent("200180155");
  expect(dialog.getByRole("row", { name: /google\.com/ })).toBeVisible();
  await userEvent.click(dialog.getByRole("combobox", { name: "Reports of" }));
  await userEvent.click(await screen.findByRole("option", { name: "the last 7 days" }));
  expect(await dialog.findByText("No report came in that time")).toBeVisible();
  expect(asked.flatMap(({ path, query }) => (path.endsWith("/dmarc") ? [query.days] : []))).toEqual(["30", "7"]);
});

test("the names of a new domain's records are folded away until they are asked for, or refused", async () => {
  const refusal = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "selector", code: "x", detail: "Letters and digits." }] };
  const asked = apiThatAnswers(({ method }) => (method === "POST" ? Response.json(refusal, { status: 422 }) : pageOf([])));
  await show();
  const advanced = await screen.findByRole("button", { name: "Advanced settings" });
  expect(advanced).toHaveAttribute("aria-expanded", "false");
  expect(screen.queryByRole("textbox", { name: "DKIM selector" })).not.toBeInTheDocument();
  await userEvent.type(screen.getByLabelText(/^New domain/), "shop.test{Enter}");
  expect(await screen.findByRole("button", { name: "Hide advanced settings" })).toHaveAttribute("aria-expanded", "true");
  expect(asked.flatMap(({ method, body }) => (method === "POST" ? [JSON.parse(body)] : []))).toEqual([{ domain: "shop.test" }]);
});

test("whoever came from a campaign's draft finds the way back, and no other address is one", async () => {
  apiThatAnswers(() => pageOf([]));
  await show(`&back=${encodeURIComponent("/app/campaigns/c1?step=what&part=%222%22")}`);
  expect(await screen.findByRole("link", { name: /Back to the campaign's draft/ })).toHaveAttribute("href", "/app/campaigns/c1?step=what&part=%222%22");
  cleanup();
  await show(`&back=${encodeURIComponent("//elsewhere.test/app/campaigns/c1")}`);
  expect(await screen.findByRole("heading", { name: "Senders" })).toBeVisible();
  expect(screen.queryByRole("link", { name: /Back to/ })).not.toBeInTheDocument();
});
