import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { Senders } from "@/areas/senders/Senders";
import { apiThatAnswers, open, pageOf } from "./pages";

const BOT = { id: "b1", name: "shop", title: "Shop", state: "active", reason: null, created_at: "2027-03-01T10:00:00Z" };
const ANN = { id: "p1", first_name: "Ann", last_name: "Lee", email: null, phone: null, external_id: null };
const LINK = "viber://pa?chatURI=shop-bot&context=AZNYej";
const ALLOWED = ["viber.senders", "contacts.read"];

const dialog = () => within(screen.getByRole("dialog"));
const at = (allowed: string[], language: "en" | "pl" = "en") => open(Senders, "/app/senders", "/app/senders?channel=viber", { allowed, language });
const api = (invitation: () => unknown) =>
  apiThatAnswers(({ method, path }) => (method === "POST" ? invitation() : path === "/v1/contacts" ? pageOf([ANN]) : path === "/v1/viber/bots" ? pageOf([BOT, { ...BOT, id: "b2", title: "New shop", state: "requested" }]) : undefined));

test("a contact is invited to a bot that is active, by a link that can be copied", async () => {
  const asked = api(() => ({ link: LINK, expires_at: "2027-03-31T10:00:00Z" }));
  await at(ALLOWED);
  await userEvent.click(await screen.findByRole("button", { name: "Invite to Shop" }));
  expect(screen.queryByRole("button", { name: "Invite to New shop" })).not.toBeInTheDocument();
  expect(dialog().getByRole("button", { name: "Make the link" })).toBeDisabled();
  await userEvent.click(dialog().getByRole("combobox", { name: /Contact/ }));
  await userEvent.click(await screen.findByRole("option", { name: "Ann Lee" }));
  await userEvent.click(dialog().getByRole("combobox", { name: "The link works for" }));
  await userEvent.click(await screen.findByRole("option", { name: "7 days" }));
  await userEvent.click(dialog().getByRole("button", { name: "Make the link" }));
  expect(await dialog().findByText(LINK)).toBeVisible();
  expect(dialog().getByText(/The link for Ann Lee; it works until 31 Mar 2027/)).toBeVisible();
  expect(dialog().getByRole("button", { name: `Copy ${LINK}` })).toBeVisible();
  const sent = asked.find(({ method }) => method === "POST");
  expect(sent?.path).toBe("/v1/viber/bots/b1/invitations");
  expect(JSON.parse(sent?.body ?? "")).toEqual({ contact_id: "p1", days: 7 });
});

test("what the API refuses is said in its words", async () => {
  api(() => Response.json({ code: "viber_bot.not_active", detail: "Bot nie jest aktywny." }, { status: 409 }));
  await at(ALLOWED, "pl");
  await userEvent.click(await screen.findByRole("button", { name: "Zaproś do Shop" }));
  await userEvent.click(dialog().getByRole("combobox", { name: /Kontakt/ }));
  await userEvent.click(await screen.findByRole("option", { name: "Ann Lee" }));
  await userEvent.click(dialog().getByRole("button", { name: "Utwórz link" }));
  expect(await dialog().findByText("Bot nie jest aktywny.")).toBeVisible();
});

test("who may not see contacts is told which right is missing", async () => {
  const asked = api(() => undefined);
  await at(["viber.senders"]);
  await userEvent.click(await screen.findByRole("button", { name: "Invite to Shop" }));
  expect(dialog().getByText(/contacts\.read/)).toBeVisible();
  expect(asked.some(({ path }) => path === "/v1/contacts")).toBe(false);
});
