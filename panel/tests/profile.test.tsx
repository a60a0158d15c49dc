import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { Profile } from "@/areas/account/Profile";
import { apiThatAnswers, apiThatKeeps, open } from "./pages";

const ME = { id: "u1", login: "ann", name: "Ann", language: "pl", email: "ann@shop.test" };
const show = (language: "en" | "pl" = "en") => open(Profile, "/app/account/profile", "/app/account/profile", { language });

test("one's own name is changed, and the language stays; then the other way round", async () => {
  const { saves } = apiThatKeeps("/v1/me", ME);
  await show();
  await userEvent.type(await screen.findByLabelText("Name"), " Lee{Enter}");
  await waitFor(() => expect(saves()).toHaveLength(1));
  await userEvent.click(screen.getByRole("combobox", { name: "Language of mails" }));
  await userEvent.click(await screen.findByRole("option", { name: "English" }));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(saves()).toHaveLength(2));
  expect(saves().map(({ body, ifMatch }) => [JSON.parse(body), ifMatch])).toEqual([
    [{ name: "Ann Lee" }, '"v1"'],
    [{ language: "en" }, '"v2"'],
  ]);
});

test("another address is asked for with the password; a wrong one is told at its field", async () => {
  const wrong = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "password", code: "password.wrong", detail: "This is not your password." }] };
  const asked = apiThatAnswers(({ method, body }) => {
    if (method !== "POST") return ME;
    return body.includes("right") ? Response.json({}, { status: 202 }) : Response.json(wrong, { status: 422 });
  });
  await show();
  expect(await screen.findByText("It is ann@shop.test, and confirmed.")).toBeVisible();
  const password = screen.getByLabelText(/^Present password/);
  await userEvent.type(screen.getByLabelText(/^New e-mail address/), "lee@shop.test");
  await userEvent.type(password, "wrong{Enter}");
  await waitFor(() => expect(password).toHaveAccessibleDescription(/not your password/));
  await userEvent.clear(password);
  await userEvent.type(password, "right{Enter}");
  expect(await screen.findByRole("status")).toHaveTextContent("We have mailed a link to lee@shop.test.");
  expect(password).toHaveValue("");
  expect(asked.filter(({ method }) => method === "POST").map(({ path, body }) => [path, JSON.parse(body)]).at(-1)).toEqual([
    "/v1/me/email-change",
    { email: "lee@shop.test", password: "right" },
  ]);
});

test("the page speaks Polish, too", async () => {
  apiThatKeeps("/v1/me", ME);
  await show("pl");
  expect(await screen.findByLabelText("Imię i nazwisko")).toHaveValue("Ann");
  expect(screen.getByText("To ann@shop.test; jest potwierdzony.")).toBeVisible();
});
