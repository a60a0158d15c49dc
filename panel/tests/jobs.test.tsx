import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { Jobs } from "@/areas/account/Jobs";
import { apiThatAnswers, open, pageOf } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const JOBS = [
  { id: "j1", kind: "combination", state: "running", done: 5, total: 20, error: null, created_at: AT, finished_at: null },
  { id: "j2", kind: "erasure", state: "failed", done: 3, total: null, error: { code: "x", detail: "A service did not answer." }, created_at: AT, finished_at: AT },
];
const show = (search = "", language: "en" | "pl" = "en") => open(Jobs, "/app/account/jobs", `/app/account/jobs${search}`, { allowed: ["contacts.read"], language });

test("long work of all kinds is listed, and leads to its page where it has one", async () => {
  apiThatAnswers(() => pageOf(JOBS));
  await show();
  expect(await screen.findByRole("link", { name: "New groups" })).toHaveAttribute("href", "/app/groups/combine/j1");
  expect(screen.getByText("5 of 20")).toBeVisible();
  expect(screen.getByRole("cell", { name: "Erasure of a person" })).toBeVisible();
  expect(screen.getByText("A service did not answer.")).toBeVisible();
});

test("it is filtered by what the address says", async () => {
  const asked = apiThatAnswers(() => pageOf([]));
  await show("?open=yes", "pl");
  expect(await screen.findByText("Żadna praca nie pasuje")).toBeVisible();
  await userEvent.click(screen.getByRole("combobox", { name: "Co to jest" }));
  await userEvent.click(await screen.findByRole("option", { name: "Nowe grupy" }));
  await waitFor(() => expect(asked.at(-1)?.query).toMatchObject({ kind: "combination", open: "true" }));
});
