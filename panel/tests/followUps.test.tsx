import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FollowUps } from "@/areas/reports/FollowUps";
import { apiThatAnswers, open } from "./pages";

const ENDED = "2027-03-01T10:00:00Z";
const STOPPED = "There is no group: its making was stopped, or it was deleted.";

test.each([
  ["cancelled", [], ENDED, STOPPED],
  ["done", [], ENDED, STOPPED],
  ["done", [{ id: "g1", name: "Clickers", contacts: 7 }], ENDED, "The group “Clickers” is made, with 7 contacts."],
  ["waiting", [], null, "The group is being made: 0 contacts so far."],
])("of a group whose making is %s with %j it is said how it ended", async (state, items, finished_at, words) => {
  const job = { id: "j1", state, items, finished_at, done: 0, total: null, error: null };
  apiThatAnswers(() => job);
  await open(() => <FollowUps campaignId="k1" channel="sms" />, "/", "/", { allowed: ["contacts.write"] });
  await userEvent.type(await screen.findByRole("textbox", { name: "Name of the group" }), "Clickers");
  await userEvent.click(screen.getByRole("button", { name: "Make a group" }));
  expect(await screen.findByText(words)).toBeVisible();
});
