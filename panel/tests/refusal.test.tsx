import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { fieldErrors, Refusal } from "@/api/refusal";
import i18n from "@/i18n";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { ProblemAlert } from "@/kit/States";
import { formats } from "@/kit/formats";
import { Unexpected } from "@/shell/Failures";
import { theme } from "@/theme";
import { apiThatAnswers } from "./pages";

const refusal = new Refusal(
  {
    detail: "Some fields are not right.",
    code: "field.invalid",
    request_id: "r-1",
    errors: [
      { field: "content.text", code: "field.too_long", detail: "Too long.", parameters: {} },
      { field: "to.3", code: "phone.invalid", detail: "No number.", parameters: {} },
    ],
  },
  422,
);

test("a problem stands at the field of the form that it speaks of", () => {
  expect(fieldErrors(refusal, { "content.text": "text" })).toEqual({ text: "Too long.", to: "No number." });
});

test("a refusal is said in the API's words, with the number for support", async () => {
  await i18n.changeLanguage("en");
  render(<MantineProvider><ProblemAlert error={refusal} /></MantineProvider>);
  expect(screen.getByRole("alert")).toHaveTextContent("Some fields are not right.");
  expect(screen.getByText("Number for support: r-1")).toBeVisible();
});

test.each([
  ["permission.missing", "campaigns.send", true],
  ["account.on_trial", undefined, false],
])("who is refused for a right is told which (%s), and nobody else", async (code, permission, isTold) => {
  await i18n.changeLanguage("en");
  apiThatAnswers(() => undefined);
  const problem = { code, detail: "Only to confirmed addresses.", ...(permission && { permission }) };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MantineProvider theme={theme}>
        <ProblemAlert error={new Refusal(problem, 403)} />
      </MantineProvider>
    </QueryClientProvider>,
  );
  expect(screen.getByRole("alert")).toHaveTextContent("Only to confirmed addresses.");
  expect(screen.queryByText(/campaigns\.send/) !== null).toBe(isTold);
  expect(screen.queryByText(/ask/i) !== null).toBe(isTold);
});

test("what cannot be undone is asked once, and its refusal is shown where it was asked", async () => {
  await i18n.changeLanguage("en");
  const act = vi.fn().mockRejectedValueOnce(refusal).mockResolvedValueOnce(undefined);
  render(<MantineProvider theme={theme} env="test"><ConfirmButton label="Delete" question="Anna will be gone." act={act} /></MantineProvider>);
  await userEvent.click(screen.getByRole("button", { name: "Delete" }));
  expect(act).not.toHaveBeenCalled();
  expect(screen.getByText("Anna will be gone.")).toBeVisible();
  expect(screen.queryByRole("banner"), "a page has one banner").not.toBeInTheDocument();
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete" }));
  expect(act).toHaveBeenCalledOnce();
  expect(await screen.findByRole("alert")).toHaveTextContent("Some fields are not right.");
});

test("times are the account's, whatever the clock of this machine says", () => {
  const { time, money, percent } = formats("pl", "America/New_York");
  expect(time("2027-03-28T00:30:00Z")).toBe("27 mar 2027, 20:30");
  expect(money({ amount: 123456, currency: "PLN" })).toMatch(/1234,56/);
  expect(percent(0.1234)).toMatch(/12,3/);
});

test("a fault of a page is not told as one of the connection", async () => {
  await i18n.changeLanguage("en");
  render(<MantineProvider><Unexpected error={new TypeError("x is undefined")} /></MantineProvider>);
  expect(screen.getByRole("heading")).toHaveTextContent("Something went wrong");
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
});

test("what is refused of one field alone is said once", async () => {
  await i18n.changeLanguage("en");
  const one = { detail: "The variants do not differ.", errors: [{ field: "ab_test", code: "ab_test.same", detail: "The variants do not differ.", parameters: {} }] };
  render(<MantineProvider><ProblemAlert error={new Refusal(one as never, 422)} /></MantineProvider>);
  expect(screen.getAllByText("The variants do not differ.")).toHaveLength(1);
});
