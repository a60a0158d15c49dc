import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { Partners } from "@/areas/account/Partners";
import { apiThatAnswers, apiThatKeeps, open, pageOf } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const SMPP = {
  id: "p1", name: "Codes", system_id: "wici-codes", ip_list: ["192.0.2.0/24"], senders: [], lane: "transactional", max_binds: 4, rate: 50, window: 100, answers: false,
  client_certificates: null, enabled: true, waiting: 0, created_at: AT, updated_at: AT,
};
const SMTP = { id: "p2", name: "Shop", username: "wici-shop", ip_list: [], messages_a_minute: 6000, is_active: true, tracks_clicks: false, tracks_opens: false, last_used_at: null, created_at: AT };

const dialog = () => within(screen.getByRole("dialog"));
const show = (...allowed: string[]) => open(Partners, "/app/account/partners", "/app/account/partners", { allowed });
const save = () => userEvent.click(dialog().getByRole("button", { name: "Save" }));

test("an SMPP account's rate, senders and certificates are changed, and nothing else is sent", async () => {
  const { saves } = apiThatKeeps("/v1/smpp-accounts/p1", { ...SMPP, client_certificates: "PEM" }, { "/v1/smpp-accounts": [SMPP], "/v1/sender-ids": [{ sender: "SHOP" }] });
  await show("sms.partners", "sms.senders");
  await userEvent.click(await screen.findByRole("button", { name: "Edit Codes" }));
  const rate = await dialog().findByLabelText(/^Messages a second/);
  await userEvent.clear(rate);
  await userEvent.type(rate, "200");
  await userEvent.click(dialog().getByRole("combobox", { name: "May send from" }));
  await userEvent.click(await screen.findByRole("option", { name: "SHOP" }));
  await userEvent.clear(dialog().getByLabelText(/^Certificates/));
  await save();
  await waitFor(() => expect(saves()).toHaveLength(1));
  expect([JSON.parse(saves()[0]?.body ?? ""), saves()[0]?.ifMatch]).toEqual([{ rate: 200, senders: ["SHOP"], client_certificates: null }, '"v1"']);
});

test("an SMTP account is switched off, and an address that is none is told at its field", async () => {
  const refused = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "ip_list.0", code: "ip.invalid", detail: "This is no address." }] };
  const asked = apiThatAnswers(({ method, path, body }) => {
    if (method === "PATCH" && body.includes("ip_list")) return Response.json(refused, { status: 422 });
    return path === "/v1/smtp-accounts" ? pageOf([SMTP]) : SMTP;
  });
  await show("email.smtp");
  await userEvent.click(await screen.findByRole("button", { name: "Edit Shop" }));
  await userEvent.click(await dialog().findByRole("checkbox", { name: "Switched on" }));
  const addresses = dialog().getByRole("combobox", { name: /^May come from/ });
  await userEvent.type(addresses, "nowhere{Enter}");
  await save();
  await waitFor(() => expect(addresses).toHaveAccessibleDescription(/This is no address/));
  await userEvent.type(addresses, "{Backspace}");
  await save();
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(asked.filter(({ method }) => method === "PATCH").map(({ path, body }) => [path, JSON.parse(body)]).at(-1)).toEqual(["/v1/smtp-accounts/p2", { is_active: false }]);
});

test("an SMPP account that was changed after the list was shown is not deleted before that was told", async () => {
  const { saves, changed } = apiThatKeeps("/v1/smpp-accounts/p1", SMPP, { "/v1/smpp-accounts": [SMPP] });
  await show("sms.partners");
  const remove = await screen.findByRole("button", { name: "Delete" });
  changed({ name: "Codes of the bank", updated_at: "2027-03-02T10:00:00Z" });
  await userEvent.click(remove);
  expect(await dialog().findByRole("alert")).toHaveTextContent("Somebody has changed this meanwhile");
  expect(dialog().getByText(/Codes of the bank/)).toBeVisible();
  await userEvent.click(dialog().getByRole("button", { name: "Delete" }));
  await waitFor(() => expect(saves().map(({ method, ifMatch }) => [method, ifMatch])).toEqual([["DELETE", '"v2"']]));
});

test("who is bound is shown with its errors, and why the last one was turned away; the address keeps whose is looked at", async () => {
  const bind = {
    id: "b1", kind: "transceiver", address: "192.0.2.7", tls: true, bound_at: AT, accepted: 1200, refused: 3, delivered: 7, unanswered: 12, unacknowledged: 1,
    last_error: "ESME_RTHROTTLED", last_error_at: AT,
  };
  const refused = { at: AT, address: "198.51.100.9", reason: "max_binds" };
  apiThatAnswers(({ path }) => (path.endsWith("/p1/binds") ? { items: [bind], last_refused: refused } : pageOf([{ ...SMPP, waiting: 2 }])));
  await show("sms.partners");
  await userEvent.click(await screen.findByRole("button", { name: "Binds of Codes" }));
  const row = (await dialog().findByText("Transceiver")).closest("tr");
  for (const words of ["192.0.2.7 · TLS", "1,200 accepted", "12 of 100 of its requests", "ESME_RTHROTTLED"]) expect(row).toHaveTextContent(words);
  expect(dialog().getByRole("alert")).toHaveTextContent(/198.51.100.9.*as many binds as it may have/);
  expect(dialog().getByText("2 receipts and answers wait for it.")).toBeVisible();
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
});

test("an address that names an account opens its binds; of nobody it says so", async () => {
  apiThatAnswers(({ path }) => (path.endsWith("/binds") ? { items: [], last_refused: null } : pageOf([SMPP])));
  await open(Partners, "/app/account/partners", "/app/account/partners?binds=p1", { allowed: ["sms.partners"], language: "pl" });
  expect(await screen.findByText("Nikt nie jest połączony")).toBeVisible();
  expect(dialog().getByText(/wici-codes/)).toBeVisible();
});

test("an address is blocked, with what is wrong at its field, and unblocked by its name", async () => {
  const refused = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "emails.1", code: "email.invalid", detail: "This is no e-mail address." }] };
  const blocked = pageOf([{ id: "x1", email: "jan@shop.test", created_at: AT }]);
  const asked = apiThatAnswers(({ method, path, body }) => {
    if (method === "POST") return body.includes("nobody") ? Response.json(refused, { status: 422 }) : { blocked: 2 };
    if (method === "DELETE") return new Response(null, { status: 204 });
    return path.endsWith("/blocked-addresses") ? blocked : pageOf([SMTP]);
  });
  await show("email.smtp");
  await userEvent.click(await screen.findByRole("button", { name: "Blocked addresses of Shop" }));
  const field = await dialog().findByLabelText("Block addresses");
  await userEvent.click(dialog().getByRole("button", { name: "Block addresses" }));
  await waitFor(() => expect(field).toHaveAccessibleDescription(/Write an address/));
  await userEvent.type(field, "ann@shop.test, nobody");
  await userEvent.click(dialog().getByRole("button", { name: "Block addresses" }));
  await waitFor(() => expect(field).toHaveAccessibleDescription(/no e-mail address/));
  await userEvent.clear(field);
  await userEvent.type(field, "ann@shop.test{Enter}eve@shop.test");
  await userEvent.click(dialog().getByRole("button", { name: "Block addresses" }));
  await waitFor(() => expect(field).toHaveValue(""));
  await userEvent.click(dialog().getByRole("button", { name: "Unblock" }));
  const question = within((await screen.findByText(/jan@shop.test can be written to again/)).closest("[role=dialog]") as HTMLElement);
  await userEvent.click(question.getByRole("button", { name: "Unblock" }));
  await waitFor(() => expect(asked.at(-1)?.method).toBe("GET"));
  const saves = asked.filter(({ method }) => method !== "GET");
  expect(JSON.parse(saves.at(-2)?.body ?? "")).toEqual({ emails: ["ann@shop.test", "eve@shop.test"] });
  expect(saves.at(-1)?.path).toBe("/v1/smtp-accounts/p2/blocked-addresses/x1");
});
