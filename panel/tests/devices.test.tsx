import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ContactDevices } from "@/areas/contacts/ContactDevices";
import { PushDevices } from "@/areas/senders/PushDevices";
import { apiThatAnswers, open, pageOf } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const APPLICATION = { id: "a1", name: "shop", title: "Shop", app_key: "pk_1", fcm: null, apns: null, vapid_key: "v", web_contact: null, created_at: AT, updated_at: AT };
const DEVICE = { id: "d1", application_id: "a1", platform: "apns", language: "pl", time_zone: "Europe/Warsaw", contact_id: "c1", created_at: AT, seen_at: AT };

const dialog = () => within(screen.getByRole("dialog"));
const api = (devices: object[]) =>
  apiThatAnswers(({ method, path }) => {
    if (method === "DELETE") return new Response(null, { status: 204 });
    if (path.endsWith("/devices")) return pageOf(devices);
    return path === "/v1/push/applications/a1" ? APPLICATION : path === "/v1/push/applications" ? pageOf([APPLICATION]) : undefined;
  });
const show = (search = "", allowed = ["push.senders", "contacts.read"], language: "en" | "pl" = "en") =>
  open(PushDevices, "/app/senders/push/$applicationId", `/app/senders/push/a1${search}`, { allowed, language });

test("an application's devices are listed with whose they are, and one is forgotten by its name", async () => {
  const asked = api([DEVICE, { ...DEVICE, id: "d2", platform: "web", contact_id: null }]);
  await show();
  expect(await screen.findByRole("heading", { name: "Devices of Shop" })).toBeVisible();
  expect(await screen.findByRole("link", { name: "See the contact" })).toHaveAttribute("href", "/app/contacts/c1");
  expect(screen.getByText("nobody known")).toBeVisible();
  await userEvent.click(screen.getAllByRole("button", { name: "Forget" })[0] as HTMLElement);
  expect(dialog().getByText(/iOS, last seen 1 Mar 2027, 11:00.* gets nothing more from Shop/)).toBeVisible();
  await userEvent.click(dialog().getByRole("button", { name: "Forget" }));
  await waitFor(() => expect(asked.some(({ method, path }) => method === "DELETE" && path === "/v1/push/devices/d1")).toBe(true));
});

test("devices of one person are asked for as the address says", async () => {
  const asked = api([]);
  await show("?contact=c1", ["push.senders"], "pl");
  expect(await screen.findByText("Ta osoba nie ma z nią urządzenia")).toBeVisible();
  expect(asked.find(({ path }) => path.endsWith("/devices"))?.query.contact_id).toBe("c1");
  await userEvent.click(screen.getByRole("button", { name: "Urządzenia wszystkich" }));
  expect(await screen.findByText("Brak urządzeń")).toBeVisible();
});

test("without the right nothing is asked for", async () => {
  const asked = api([]);
  await show("", []);
  expect(await screen.findByText("You may not do this")).toBeVisible();
  expect(asked.filter(({ path }) => path !== "/v1/permissions")).toEqual([]);
});

test("a contact shows its devices over all applications", async () => {
  const asked = api([DEVICE]);
  const Page = () => <ContactDevices contactId="c1" />;
  await open(Page, "/app/contacts/c1", "/app/contacts/c1");
  expect(await screen.findByText("Shop")).toBeVisible();
  expect(screen.getByText("pl, Europe/Warsaw")).toBeVisible();
  expect(asked.find(({ path }) => path.endsWith("/devices"))?.query.contact_id).toBe("c1");
});
