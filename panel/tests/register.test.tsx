import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { Register } from "@/areas/session/Register";
import { apiThatAnswers, open } from "./pages";

const PAGES = { terms_url: "https://wici.test/terms", privacy_url: "https://wici.test/privacy" };
const register = (terms: object, language: "en" | "pl" = "en") => {
  const asked = apiThatAnswers(({ path }) => (path === "/v1/terms" ? terms : path === "/v1/plans" ? { items: [] } : undefined));
  return open(Register, "/", "/", { language }).then(() => asked);
};

test("who registers finds what they accept, in their language", async () => {
  await register(PAGES, "pl");
  expect(await screen.findByRole("link", { name: "Regulamin" })).toHaveAttribute("href", PAGES.terms_url);
  expect(screen.getByRole("link", { name: "Polityka prywatności" })).toHaveAttribute("target", "_blank");
});

test("where the installation names no pages none are shown", async () => {
  const asked = await register({ terms_url: null, privacy_url: null });
  await vi.waitFor(() => expect(asked.map(({ path }) => path)).toContain("/v1/terms"));
  expect(screen.getByRole("checkbox", { name: "I accept the terms of service" })).toBeVisible();
  expect(screen.queryByRole("link", { name: "Terms of service" })).not.toBeInTheDocument();
});

test("what is written for a name becomes one that may be had", async () => {
  await register({});
  await userEvent.type(await screen.findByRole("textbox", { name: "Account name" }), "Sklep Łódź");
  expect(screen.getByRole("textbox", { name: "Account name" })).toHaveValue("skleplodz");
  expect(screen.getByRole("textbox", { name: "Login" })).toHaveValue("skleplodz");
});

test("the login is the account's name until somebody writes another one", async () => {
  await register({});
  const [account, login] = [await screen.findByRole("textbox", { name: "Account name" }), screen.getByRole("textbox", { name: "Login" })];
  await userEvent.type(account, "flowers");
  expect(login).toHaveValue("flowers");
  await userEvent.type(login, "ann");
  await userEvent.type(account, "2");
  expect([account, login].map((one) => (one as HTMLInputElement).value)).toEqual(["flowers2", "flowersann"]);
});
