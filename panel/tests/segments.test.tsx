import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { SegmentContacts } from "@/areas/segments/SegmentContacts";
import { apiThatAnswers, open, pageOf } from "./pages";

const ANN = { id: "p1", first_name: "Ann", last_name: "Nowak", email: "ann@shop.test", phone: null, city: "Gdynia", external_id: null, created_at: "2027-03-01T10:00:00Z" };
const show = (search: string, language: "en" | "pl") => open(SegmentContacts, "/app/segments/$segmentId/contacts", `/app/segments/s1/contacts${search}`, { language });

test("whoever fits a segment is listed page by page, in an order that is in the address", async () => {
  const asked = apiThatAnswers(({ path }) => (path === "/v1/segments/s1" ? { id: "s1", name: "Tricity" } : { ...pageOf([ANN]), next_cursor: "n2", total: 120 }));
  await show("?sort=name", "en");
  expect(await screen.findByRole("heading", { name: "Contacts of Tricity" })).toBeVisible();
  expect(await screen.findByRole("link", { name: "Ann Nowak" })).toHaveAttribute("href", "/app/contacts/p1");
  await userEvent.click(screen.getByRole("button", { name: "Next page" }));
  const lists = () => asked.filter(({ path }) => path === "/v1/segments/s1/contacts").map(({ query }) => [query.sort, query.cursor]);
  await waitFor(() => expect(lists()).toEqual([["name", undefined], ["name", "n2"]]));
});

test("a segment that nobody fits says so", async () => {
  apiThatAnswers(({ path }) => (path === "/v1/segments/s1" ? { id: "s1", name: "Trójmiasto" } : pageOf([])));
  await show("", "pl");
  expect(await screen.findByText("Nikt teraz nie pasuje")).toBeVisible();
});
