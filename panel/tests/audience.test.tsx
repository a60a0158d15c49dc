import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { AudienceCount } from "@/areas/campaigns/AudienceCount";
import { apiThatAnswers, open } from "./pages";

const FOUND = { total: 12, reachable: 2, excluded: 0, without_address: 1, archived: 0, without_consent: 0, capped: 0, not_proved: 9 };
const show = (found: object, channel: "email" | "sms" | "push" = "email") => {
  apiThatAnswers(({ path }) => (path === "/v1/audiences/count" ? found : undefined));
  return open(() => <AudienceCount channel={channel} audience={{ groups: ["g1"] }} />, "/", "/");
};

test("on trial the audience says whom it does not reach, why, and what to do", async () => {
  await show(FOUND);
  expect(await screen.findByText("people of 12 chosen get it now")).toBeVisible();
  expect(screen.getByRole("row", { name: "an address that this account on trial has not confirmed 9" })).toBeVisible();
  expect(screen.getByRole("alert")).toHaveTextContent("here to 2 of 11.");
  expect(screen.getByRole("link")).toHaveAttribute("href", "/app/account/trial");
});

test("without a trial nothing is said of it", async () => {
  await show({ ...FOUND, reachable: 11, not_proved: 0 });
  expect(await screen.findByText("The others are left out")).toBeVisible();
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
});

test.each([["sms", "no phone number"], ["email", "no address for this channel"], ["push", "no address for this channel"]] as const)("who cannot be reached by %s has %s", async (channel, words) => {
  await show({ ...FOUND, not_proved: 0 }, channel);
  expect(await screen.findByRole("row", { name: `${words} 1` })).toBeVisible();
});

test("an audience without a number is said to have none", async () => {
  await show({ ...FOUND, reachable: 0, not_proved: 0 }, "sms");
  expect(await screen.findByText("They have no phone number.")).toBeVisible();
});
