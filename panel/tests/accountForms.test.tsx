import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { Account } from "@/areas/account/Account";
import { CampaignRules } from "@/areas/account/CampaignRules";
import { FrequencyCap } from "@/areas/account/FrequencyCap";
import { Keys } from "@/areas/account/Keys";
import { Users } from "@/areas/account/Users";
import { Accounts } from "@/areas/operator/Accounts";
import { type Asked, apiThatAnswers, apiThatKeeps, open, pageOf } from "./pages";

const KEY = { id: "k1", name: "Shop", prefix: "wk_3q", scopes: ["sms.send"], ip_list: ["192.0.2.0/24"], expires_at: null, last_used_at: null };

const openKeys = async (answer: (asked: Asked) => unknown) => {
  const asked = apiThatAnswers((one) => answer(one) ?? (one.path === "/v1/permissions" ? { items: [{ name: "sms.send", summary: "Send", session_only: false }] } : pageOf([KEY])));
  await open(Keys, "/app/account/keys", "/app/account/keys", { allowed: ["account.keys"] });
  return asked;
};
const dialog = () => within(screen.getByRole("dialog"));
const sent = (asked: Asked[], method: string) => asked.find((one) => one.method === method);

test("a key is renamed, and a name that is refused stays to be put right", async () => {
  const refused = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "name", code: "name.taken", detail: "There is such a key." }] };
  const asked = await openKeys(({ method, path, body }) => {
    if (method === "PATCH") return body.includes("Two") ? KEY : Response.json(refused, { status: 422 });
    return path === "/v1/api-keys/k1" ? KEY : undefined;
  });
  await userEvent.click(await screen.findByRole("button", { name: "Rename Shop" }));
  const name = await dialog().findByLabelText(/^Name/);
  await userEvent.click(dialog().getByRole("button", { name: "Save" }));
  await waitFor(() => expect(name).toBeInvalid());
  await userEvent.type(name, " Two");
  await userEvent.click(dialog().getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(asked.filter(({ method }) => method === "PATCH").map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
    ["/v1/api-keys/k1", { name: "Shop" }],
    ["/v1/api-keys/k1", { name: "Shop Two" }],
  ]);
});

test("where a key was last used is told, and a failure can be tried again", async () => {
  const uses = [{ address: "192.0.2.7", last_at: "2027-03-01T10:00:00Z" }, { address: "2001:db8::1", last_at: "2027-02-01T10:00:00Z" }];
  let fails = true;
  await openKeys(({ path }) => {
    if (path !== "/v1/api-keys/k1/uses") return undefined;
    return fails ? Response.json({ detail: "Not now." }, { status: 500 }) : { items: uses };
  });
  await userEvent.click(await screen.findByRole("button", { name: "Uses of Shop" }));
  expect(await dialog().findByRole("alert")).toHaveTextContent("Not now.");
  fails = false;
  await userEvent.click(dialog().getByRole("button", { name: "Try again" }));
  const row = within((await dialog().findByRole("cell", { name: "192.0.2.7" })).closest("tr") as HTMLElement);
  expect(row.getByText("1 Mar 2027, 11:00")).toBeVisible();
  expect(dialog().getAllByRole("row")).toHaveLength(3);
});

test("a key that was never used is told to be so", async () => {
  await openKeys(({ path }) => (path === "/v1/api-keys/k1/uses" ? { items: [] } : undefined));
  await userEvent.click(await screen.findByRole("button", { name: "Uses of Shop" }));
  expect(await dialog().findByText("It has not been used yet")).toBeVisible();
});

test("a key is rotated, and the new one is shown once", async () => {
  const asked = await openKeys(({ method }) => (method === "POST" ? { ...KEY, key: "wk_new" } : undefined));
  await userEvent.click(await screen.findByRole("button", { name: "Rotate Shop" }));
  await userEvent.click(dialog().getByRole("button", { name: "Rotate" }));
  expect(await dialog().findByText("wk_new")).toBeVisible();
  expect([sent(asked, "POST")?.path, sent(asked, "POST")?.body]).toEqual(["/v1/api-keys/k1/rotation", '{"overlap_minutes":60}']);
  await userEvent.click(dialog().getAllByRole("button", { name: "Close" }).at(-1) as HTMLElement);
  await waitFor(() => expect(screen.queryByText("wk_new")).not.toBeInTheDocument());
});

test("a new key works from the addresses and as long as was said", async () => {
  const asked = await openKeys(({ method }) => (method === "POST" ? { ...KEY, key: "wk_new" } : undefined));
  await userEvent.click(await screen.findByRole("button", { name: "New key" }));
  await userEvent.type(dialog().getByLabelText(/^Name/), "Till");
  await userEvent.click(await dialog().findByRole("checkbox", { name: /sms\.send/, hidden: true }));
  await userEvent.type(dialog().getByRole("combobox", { name: "May come from" }), "192.0.2.7{Enter}");
  await userEvent.click(dialog().getByRole("combobox", { name: "Works for" }));
  await userEvent.click(await screen.findByRole("option", { name: "30 days", hidden: true }));
  await userEvent.click(dialog().getByRole("button", { name: "Make the key" }));
  expect(await dialog().findByText("wk_new")).toBeVisible();
  const { expires_at, ...rest } = JSON.parse(sent(asked, "POST")?.body ?? "");
  expect(rest).toEqual({ name: "Till", scopes: ["sms.send"], ip_list: ["192.0.2.7"] });
  expect((Date.parse(expires_at) - Date.now()) / 86_400_000).toBeCloseTo(30, 2);
});

const INVITED = { id: "u2", login: "bob", email: "bob@shop.test", name: "", state: "invited", is_owner: false, permissions: [], roles: [], second_factor: false };

test("an invitation is mailed once more, and why not is said where it was asked", async () => {
  let left = 1;
  const asked = apiThatAnswers(({ method }) => {
    if (method !== "POST") return pageOf([INVITED, { ...INVITED, id: "u3", login: "eve", state: "active" }]);
    return left-- > 0 ? {} : Response.json({ code: "throttled", detail: "Five mails a day." }, { status: 429 });
  });
  await open(Users, "/app/account/users", "/app/account/users", { allowed: ["users.manage"] });
  const again = await screen.findByRole("button", { name: "Invite again" });
  await userEvent.click(again);
  await userEvent.click(dialog().getByRole("button", { name: "Invite again" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(sent(asked, "POST")?.path).toBe("/v1/users/u2/invitation");
  await userEvent.click(again);
  await userEvent.click(dialog().getByRole("button", { name: "Invite again" }));
  expect(await dialog().findByRole("alert")).toHaveTextContent("Five mails a day.");
});

test("an invitation is withdrawn once that was asked", async () => {
  const asked = apiThatAnswers(({ method, path }) => (method === "DELETE" ? new Response(null, { status: 204 }) : path === "/v1/users/u2" ? INVITED : pageOf([INVITED])));
  await open(Users, "/app/account/users", "/app/account/users", { allowed: ["users.manage"] });
  await userEvent.click(await screen.findByRole("button", { name: "Withdraw the invitation" }));
  expect(await dialog().findByText(/The link that was mailed to bob/)).toBeVisible();
  await userEvent.click(dialog().getByRole("button", { name: "Withdraw the invitation" }));
  await waitFor(() => expect(sent(asked, "DELETE")?.path).toBe("/v1/users/u2"));
});

const PLAN = { code: "small", name: "Small", price: { amount: 4900, currency: "PLN" }, period_days: 30, retention_days: 90 };
const ACCOUNT = { account_id: "a1", name: "shop", state: "active", time_zone: "Europe/Warsaw", company: {}, plan: PLAN, created_at: "2027-03-01T10:00:00Z" };
const USAGE = { features: [], contacts: { used: 3, limit: null } };

test("the owner asks for the account to be closed, with the password, and takes it back", async () => {
  let state = "active";
  const asked = apiThatAnswers(({ method, path, body }) => {
    if (path.endsWith("/usage")) return USAGE;
    if (method === "POST" && !body.includes("right")) return Response.json({ code: "password.wrong", detail: "This is not your password." }, { status: 422 });
    state = { POST: "closing", DELETE: "active" }[method] ?? state;
    return { ...ACCOUNT, state };
  });
  await open(Account, "/app/account", "/app/account", { isOwner: true });
  const ask = await screen.findByRole("button", { name: "Ask for closing" });
  expect(ask).toBeDisabled();
  await userEvent.type(screen.getByLabelText("Password"), "wrong");
  await userEvent.click(ask);
  expect(dialog().getByText(/The account shop will be closed/)).toBeVisible();
  await userEvent.click(dialog().getByRole("button", { name: "Ask for closing" }));
  expect(await dialog().findByRole("alert")).toHaveTextContent("This is not your password.");
  await userEvent.click(dialog().getByRole("button", { name: "Cancel" }));
  await userEvent.clear(screen.getByLabelText("Password"));
  await userEvent.type(screen.getByLabelText("Password"), "right");
  await userEvent.click(ask);
  await userEvent.click(dialog().getByRole("button", { name: "Ask for closing" }));
  await userEvent.click(await screen.findByRole("button", { name: "Keep the account", hidden: true }));
  expect(await screen.findByLabelText("Password")).toHaveValue("");
  expect(sent(asked, "DELETE")?.path).toBe("/v1/account/closure");
});

test("nobody but the owner is offered to close the account", async () => {
  apiThatAnswers(({ path }) => (path.endsWith("/usage") ? USAGE : ACCOUNT));
  await open(Account, "/app/account", "/app/account", { allowed: ["account.write", "account.close"] });
  expect(await screen.findByText("Company and settings")).toBeVisible();
  expect(screen.queryByText("Close the account")).not.toBeInTheDocument();
});

test("an operator closes an account that asked for it, none that is at work", async () => {
  const all = ["active", "closing", "closed"].map((state) => ({ ...ACCOUNT, account_id: state, name: state, state }));
  const asked = apiThatAnswers(({ method, path }) => (method === "POST" ? new Response(null, { status: 204 }) : path.endsWith("plans") ? { items: [] } : pageOf(all)));
  await open(Accounts, "/app/operator/accounts", "/app/operator/accounts");
  await userEvent.click(await screen.findByRole("button", { name: "Close the account" }));
  await userEvent.type(dialog().getByLabelText(/Reason/), "Asked by the owner");
  await userEvent.click(dialog().getByRole("button", { name: "Close the account" }));
  await waitFor(() => expect(sent(asked, "POST")?.path).toBe("/v1/operator/accounts/closing/closure"));
  expect(sent(asked, "POST")?.body).toBe('{"reason":"Asked by the owner"}');
});

test("how many messages a person gets is limited, and the limit lifted", async () => {
  const { saves } = apiThatKeeps("/v1/frequency-cap", { cap: null });
  await open(FrequencyCap, "/", "/", { allowed: ["account.campaigns"] });
  const isOn = await screen.findByRole("checkbox", { name: /^Limit/ });
  await userEvent.click(isOn);
  const messages = screen.getByRole("textbox", { name: /^At most/ });
  await userEvent.clear(messages);
  await userEvent.type(messages, "3");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(saves()).toHaveLength(1));
  await userEvent.click(isOn);
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(saves()).toHaveLength(2));
  expect(saves().map(({ body }) => JSON.parse(body))).toEqual([{ cap: { messages: 3, days: 7 } }, { cap: null }]);
});

test("whoever may not set the limit sees it", async () => {
  apiThatKeeps("/v1/frequency-cap", { cap: { messages: 2, days: 30 } });
  await open(FrequencyCap, "/", "/", { allowed: ["account.read"] });
  expect(await screen.findByRole("textbox", { name: /^In \(days\)/ })).toHaveValue("30");
  expect(screen.getByRole("button", { name: "Save" })).toBeDisabled();
});

test("all campaigns are given quiet hours, and what was said of approval stays", async () => {
  const { saves } = apiThatKeeps("/v1/campaign-rules", { quiet_hours: null, approval_above: 5000 });
  await open(CampaignRules, "/", "/", { allowed: ["account.campaigns"] });
  await userEvent.click(await screen.findByRole("checkbox", { name: /quiet hours/ }));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(saves()).toHaveLength(1));
  await userEvent.clear(screen.getByRole("textbox", { name: /^A second person/ }));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(saves()).toHaveLength(2));
  const quiet_hours = { start: "22:00", end: "08:00" };
  expect(saves().map(({ body }) => JSON.parse(body))).toEqual([{ quiet_hours, approval_above: 5000 }, { quiet_hours, approval_above: null }]);
});

test("what a key or a role may do is said in words, and by its name where the API has none", async () => {
  await openKeys(({ path }) => (path === "/v1/api-keys" ? pageOf([{ ...KEY, scopes: ["sms.send", "gone.right"] }]) : undefined));
  expect(await screen.findByText("Send")).toBeVisible();
  expect(screen.getByText("gone.right")).toBeVisible();
  expect(screen.queryByText("sms.send")).not.toBeInTheDocument();
});
