import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ArchiveList } from "@/areas/archive/ArchiveList";
import { ConversationList } from "@/areas/conversations/ConversationList";
import { ConversationPage } from "@/areas/conversations/ConversationPage";
import { FileList } from "@/areas/files/FileList";
import { sizeOf } from "@/areas/files/size";
import { LinkList } from "@/areas/links/LinkList";
import { inFull } from "@/kit/phone";
import { apiThatAnswers, open, pageOf } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const FILE = { id: "f1", filename: "menu.pdf", media_type: "application/pdf", size: 1_500_000, url: "https://w.test/f/a", downloads: 3, expires_at: null, created_at: AT };
const LINK = { id: "l1", suffix: "spring", url: "https://w.test/l/spring", target: "https://shop.test/", name: "Spring", clicks: 7, expires_at: null, created_at: AT, updated_at: AT };
const ARCHIVED = { id: "a1", channel: "sms", address: "+48600100200", contact_id: null, reason: "stop", note: "", created_at: AT };
const REPLY = { id: "m1", from: "+48600100200", to: "48799", text: "Yes please", received_at: AT };
const FULL = { ...REPLY, id: "m2", from: "48600100202", to: "48500700800" };
const SAID = { id: "m1", direction: "received", at: AT, phone: "+48600100200", number: "48799", text: "Yes please", message_id: null, state: null, is_automatic: false, wish: null, missing_parts: [2] };
const SENT = { ...SAID, id: "m0", direction: "sent", text: "Shall we?", message_id: "m0", state: "delivered", missing_parts: [] };

test("an empty list says what would be in it", async () => {
  apiThatAnswers(() => pageOf([]));
  await open(ConversationList, "/app/conversations", "/app/conversations");
  expect(await screen.findByText("No replies")).toBeVisible();
});

test("a refusal stands where the list would be, and can be tried again", async () => {
  let isUp = false;
  apiThatAnswers(() => (isUp ? pageOf([LINK]) : Response.json({ detail: "Come later.", code: "busy" }, { status: 503 })));
  await open(LinkList, "/app/links", "/app/links");
  expect(await screen.findByRole("alert")).toHaveTextContent("Come later.");
  isUp = true;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("https://w.test/l/spring")).toBeVisible();
});

const byPath = (answers: Record<string, object[]>) => ({ path }: { path: string }) => pageOf(answers[path] ?? []);

test("answers on every channel stand in one list, the newest first, and lead to their conversation", async () => {
  const tap = { id: "r1", from: "+48600100201", to: "shop", kind: "tap", text: "Yes", received_at: "2027-03-01T11:00:00Z", message_id: null, wish: null };
  const older = { id: "w1", from: "+48600100200", sender: "shop", kind: "text", text: "Hello", received_at: "2027-03-01T09:00:00Z", message_id: null, wish: null };
  apiThatAnswers(byPath({ "/v1/inbound-sms/conversations": [REPLY], "/v1/inbound-rcs": [tap, { ...tap, id: "r0", text: "Older" }], "/v1/inbound-whatsapp": [older] }));
  await open(ConversationList, "/app/conversations", "/app/conversations");
  const links = await screen.findAllByRole("link");
  expect(links.map((one) => one.textContent)).toEqual(["+48600100201", "+48600100200", "+48600100200"]);
  expect(screen.queryByText("Older")).not.toBeInTheDocument();
  expect(links[0]).toHaveAttribute("href", "/app/conversations/%2B48600100201");
});

test("numbers are written with their plus wherever they are, and short codes as they are", async () => {
  apiThatAnswers(byPath({ "/v1/inbound-sms/conversations": [REPLY, FULL] }));
  await open(ConversationList, "/app/conversations", "/app/conversations");
  expect(await screen.findByRole("link", { name: "+48600100202" })).toHaveAttribute("href", "/app/conversations/%2B48600100202");
  expect(screen.getByText("+48500700800")).toBeVisible();
  expect(screen.getByText("48799")).toBeVisible();
  expect(["Wici", "sklep@sklep.example", "+48500700800", "112"].map(inFull)).toEqual(["Wici", "sklep@sklep.example", "+48500700800", "112"]);
});

test("a conversation is with a phone, over all channels, and is answered on the one that was written to last", async () => {
  const thanks = { id: "w1", from: "+48600100200", sender: "shop", kind: "text", text: "Thanks", received_at: "2027-03-01T11:00:00Z", message_id: "m9", wish: null };
  const asked = apiThatAnswers((one) => (one.method === "POST" ? { messages: [] } : byPath({ "/v1/inbound-sms/conversation": [SAID, SENT], "/v1/inbound-whatsapp": [thanks] })(one)));
  await open(ConversationPage, "/app/conversations/$phone", "/app/conversations/%2B48600100200", { allowed: ["whatsapp.send"] });
  const said = await screen.findAllByRole("listitem");
  expect(said).toHaveLength(3);
  expect(said[0]).toHaveTextContent("Thanks");
  expect(said[1]).toHaveTextContent("Parts that never came: 2");
  expect(within(said[2] as HTMLElement).getByRole("link")).toHaveAttribute("href", "/app/messages/m0");
  expect(asked.every(({ query }) => (query.phone ?? query.address) === "+48600100200")).toBe(true);
  await userEvent.type(screen.getByLabelText("Answer by WhatsApp, from shop"), "Bye");
  await userEvent.click(screen.getByRole("button", { name: "Send the answer" }));
  await waitFor(() => expect(asked.some(({ method, path }) => method === "POST" && path === "/v1/whatsapp")).toBe(true));
  expect(JSON.parse(asked.find(({ method }) => method === "POST")?.body ?? "")).toEqual({ from: "shop", to: ["+48600100200"], text: "Bye" });
});

test("a file is uploaded by those who may, and is in the list then", async () => {
  const files: object[] = [];
  const asked = apiThatAnswers(({ method }) => (method === "POST" ? (files.push(FILE), FILE) : pageOf(files)));
  await open(FileList, "/app/files", "/app/files", { allowed: ["email.campaigns.write"] });
  await screen.findByText("No files");
  await userEvent.upload(document.querySelector("input[type=file]") as HTMLInputElement, new File(["x"], "menu.pdf"));
  expect(await screen.findByRole("link", { name: "menu.pdf" })).toHaveAttribute("href", FILE.url);
  expect(screen.getByText("1.5 MB")).toBeVisible();
  expect(asked.some(({ method, body }) => method === "POST" && body === "a form")).toBe(true);
});

test("whoever may only look is offered no change", async () => {
  apiThatAnswers(({ path }) => pageOf(path === "/v1/files" ? [FILE] : []));
  await open(FileList, "/app/files", "/app/files");
  await screen.findByText("menu.pdf");
  expect(screen.queryByRole("button", { name: "Delete" })).not.toBeInTheDocument();
});

test("a link's target can be changed, its ending cannot", async () => {
  const asked = apiThatAnswers(({ path }) => (path === "/v1/links" ? pageOf([LINK]) : LINK));
  await open(LinkList, "/app/links", "/app/links", { allowed: ["email.campaigns.write"] });
  await userEvent.click(await screen.findByRole("button", { name: "Edit spring" }));
  const target = await screen.findByLabelText(/Leads to/);
  await userEvent.clear(target);
  await userEvent.type(target, "https://shop.test/new");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(asked.find(({ method }) => method === "PATCH")).toMatchObject({ path: "/v1/links/l1" }));
  expect(JSON.parse(asked.find(({ method }) => method === "PATCH")?.body ?? "")).toEqual({ target: "https://shop.test/new", name: "Spring" });
});

test("an archived address is restored once that was asked", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "DELETE" ? ARCHIVED : pageOf([ARCHIVED])));
  await open(ArchiveList, "/app/archive", "/app/archive", { allowed: ["contacts.archive"] });
  expect(await screen.findByRole("cell", { name: "answered STOP" })).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Restore" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Restore" }));
  await waitFor(() => expect(asked).toContainEqual(expect.objectContaining({ method: "DELETE", path: "/v1/archive/a1" })));
});

test("addresses are archived a line each", async () => {
  const asked = apiThatAnswers(({ method }) => (method === "POST" ? { items: [ARCHIVED, ARCHIVED] } : pageOf([])));
  await open(ArchiveList, "/app/archive", "/app/archive", { allowed: ["contacts.archive"] });
  await userEvent.click(await screen.findByRole("button", { name: "Archive addresses" }));
  const dialog = within(screen.getByRole("dialog"));
  await userEvent.type(dialog.getByLabelText(/Addresses or numbers/), "a@b.test\n c@d.test");
  await userEvent.click(dialog.getByRole("button", { name: "Archive addresses" }));
  await waitFor(() => expect(asked.some(({ method }) => method === "POST")).toBe(true));
  expect(JSON.parse(asked.find(({ method }) => method === "POST")?.body ?? "")).toEqual({ channel: "email", addresses: ["a@b.test", "c@d.test"], reason: "other", note: "" });
});

test("sizes are written as the language writes them", () => {
  expect([sizeOf(0, "en"), sizeOf(5, "pl")]).toEqual(["0 bytes", "5 bajtów"]);
  expect(sizeOf(1_500_000, "pl")).toMatch(/1,5.MB/);
});
