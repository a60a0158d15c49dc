import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { MessagePage } from "@/areas/reports/MessagePage";
import { apiThatAnswers, open } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const EVENT = { at: AT, kind: "opened", text: "", code: null, detail: null, peer: null, url: null, step: null, machine: null };
const STEP = { place: 1, channel: "email", state: "timed_out", code: null, message_id: "m1", address: "a@b.test", cost: null, sent_at: AT };
const STEPS = [STEP, { ...STEP, place: 2, channel: "sms", state: "waiting", address: "+48600100200", sent_at: null }];
const CHAIN = { id: "c1", state: "running", reached_by: null, steps: STEPS };
const MESSAGE = {
  id: "c1", channel: "email", address: "a@b.test", sender: null, state: "submitted", created_at: AT, parts: null, cost: null, code: null,
  detail: null, campaign_id: null, contact_id: null, chain: CHAIN,
  timeline: [{ ...EVENT, step: 1, machine: "burst", text: "A program fetched the pictures." }, { ...EVENT, kind: "rejected", step: 2, code: "88", detail: "throttled", text: "It was refused." }],
}; // prettier-ignore
const MAY_SEND = ["email.send", "sms.send"];

const openMessage = (message: object, allowed: string[] = MAY_SEND) => {
  const asked = apiThatAnswers(() => message);
  return open(MessagePage, "/app/messages/$messageId", "/app/messages/c1", { allowed }).then(() => asked);
};

test("a message over several channels shows its steps, and what happened in the API's words and on which step", async () => {
  await openMessage(MESSAGE);
  const steps = within(await screen.findByRole("table"));
  expect(steps.getAllByRole("row").map((row) => row.textContent)).toEqual([
    expect.stringContaining("Step"),
    expect.stringMatching(/1\. E-mail.*out of time/),
    expect.stringMatching(/2\. SMS.*waiting/),
  ]);
  expect(screen.getByText("A program fetched the pictures.")).toBeVisible();
  expect(screen.getByText(/ · 1\. E-mail$/)).toBeVisible();
  expect(screen.getByText("88 throttled")).toBeVisible();
});

test("a refusal says what its code means, and a code of success is left out", async () => {
  const meaning = "The recipient's number is not valid.";
  const refused = { ...EVENT, kind: "rejected", code: "0x0b", meaning, text: "It was refused." };
  await openMessage({ ...MESSAGE, channel: "sms", state: "rejected", code: "0x0b", meaning, parts: 2, chain: null, timeline: [refused] });
  expect(await screen.findAllByText(meaning)).toHaveLength(2);
  expect(screen.getByText("Code: 0x0b")).toBeVisible();
  expect(screen.getByText("0x0b")).toBeVisible();
  expect(screen.getByText("Parts: 2")).toBeVisible();
});

test("what our own sender says stands once, and a code that is a word of ours is left out", async () => {
  const meaning = "There is no such mailbox.";
  const refused = { ...EVENT, kind: "hard_bounced", code: "5.1.1", meaning, detail: meaning, text: "It bounced." };
  const ours = { ...EVENT, kind: "rejected", code: "push.no_device", meaning: "There is no device.", text: "It was refused." };
  await openMessage({ ...MESSAGE, state: "hard_bounced", code: "5.1.1", meaning, detail: meaning, chain: null, timeline: [refused, ours] });
  expect(await screen.findAllByText(meaning)).toHaveLength(2);
  expect(screen.getByText("Code: 5.1.1")).toBeVisible();
  expect(screen.getByText("There is no device.")).toBeVisible();
  expect(screen.queryByText(/push\.no_device/)).not.toBeInTheDocument();
});

test("what arrived shows no code of success, and parts belong to SMS alone", async () => {
  const arrived = { ...EVENT, kind: "delivered", code: "000", text: "It arrived." };
  await openMessage({ ...MESSAGE, state: "delivered", code: "000", parts: 1, chain: null, timeline: [arrived] });
  expect(await screen.findByText("It arrived.")).toBeVisible();
  expect(screen.queryByText(/000|Parts/)).not.toBeInTheDocument();
});

test("what runs is cancelled once that was asked", async () => {
  const asked = await openMessage(MESSAGE);
  await userEvent.click(await screen.findByRole("button", { name: "Cancel the message" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Cancel the message" }));
  await waitFor(() => expect(asked).toContainEqual(expect.objectContaining({ method: "POST", path: "/v1/message-chains/c1/cancel" })));
});

test.each([
  ["what is over", { ...MESSAGE, chain: { ...CHAIN, state: "reached" } }, MAY_SEND],
  ["what one may not send", MESSAGE, ["email.send"]],
  ["a message of one channel", { ...MESSAGE, chain: null }, MAY_SEND],
])("%s cannot be cancelled", async (_, message, allowed) => {
  await openMessage(message, allowed);
  expect(await screen.findByText("It was refused.")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Cancel the message" })).not.toBeInTheDocument();
});

/** Takes an RCS message back that no phone has, which becomes of that what `becomes` says; what the API was asked. */
async function takeBack(becomes: string) {
  let revocation: string | null = null;
  const rcs = { ...MESSAGE, id: "c1", channel: "rcs", address: "+48600100200", chain: null };
  const asked = apiThatAnswers(({ method, path }) => {
    if (method === "POST") revocation = becomes;
    return path.startsWith("/v1/rcs/") ? { ...rcs, revocation, revoked: null } : rcs;
  });
  await open(MessagePage, "/app/messages/$messageId", "/app/messages/c1", { allowed: ["rcs.send"] });
  await userEvent.click(await screen.findByRole("button", { name: "Take back" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Take back" }));
  return asked;
}

test("an RCS message that no phone has is taken back once that is asked, and what comes of it is said", async () => {
  const asked = await takeBack("too_late");
  expect(await screen.findByText("It could not be taken back: the phone has it.")).toBeVisible();
  expect(asked.flatMap(({ method, path }) => (method === "POST" ? [path] : []))).toEqual(["/v1/rcs/c1/revocation"]);
  expect(screen.queryByRole("button", { name: "Take back" })).not.toBeInTheDocument();
});

test("what is taken back is looked up again until reports have heard of it", async () => {
  const asked = await takeBack("revoked");
  await screen.findByText(/taken back/);
  const before = asked.filter(({ path }) => path === "/v1/messages/c1").length;
  await waitFor(() => expect(asked.filter(({ path }) => path === "/v1/messages/c1").length).toBeGreaterThan(before), { timeout: 5000 });
});

test("nothing is taken back of a message that was delivered, or by who may not send", async () => {
  const delivered = { ...MESSAGE, channel: "rcs", state: "delivered", chain: null, revocation: null };
  const asked = await openMessage(delivered, ["rcs.send"]);
  expect(await screen.findByText("What happened")).toBeVisible();
  await waitFor(() => expect(asked.some(({ path }) => path === "/v1/rcs/c1")).toBe(true));
  expect(screen.queryByRole("button", { name: "Take back" })).not.toBeInTheDocument();
});
