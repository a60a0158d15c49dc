import { onlineManager } from "@tanstack/react-query";
import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { notify } from "@/kit/notify";
import { Notices } from "@/shell/Notices";
import { Offline } from "@/shell/Offline";
import { Person } from "@/shell/Person";
import { open } from "./pages";

test("the menu of a person is fetched and open with the first click, and closes with the next", async () => {
  await open(() => <Person login="ann" account="shop1" />, "/", "/");
  await userEvent.click(await screen.findByRole("button", { name: "Account of ann" }));
  expect(await screen.findByRole("menuitem", { name: "Log out" })).toBeVisible();
  expect(screen.getByText("shop1")).toBeVisible();

  await userEvent.click(screen.getByRole("button", { name: "Account of ann" }));
  await vi.waitFor(() => expect(screen.queryByRole("menuitem")).not.toBeInTheDocument());
});

test("the first notice is shown although the corner for it was not there", async () => {
  await open(() => <Notices />, "/", "/");
  notify("It is saved.");
  expect(await screen.findByText("It is saved.")).toBeVisible();
});

test("who has no network is told that what is written waits for it", async () => {
  await open(() => <Offline />, "/", "/");
  expect(screen.queryByText("There is no connection to the Internet")).not.toBeInTheDocument();
  act(() => onlineManager.setOnline(false));
  expect(await screen.findByText("There is no connection to the Internet")).toBeVisible();
  act(() => onlineManager.setOnline(true));
  expect(screen.queryByText("There is no connection to the Internet")).not.toBeInTheDocument();
});
