import { Anchor } from "@mantine/core";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Link } from "@tanstack/react-router";
import { expect, test } from "vitest";
import { StopAnswer } from "@/areas/keywords/StopAnswer";
import { apiThatKeeps, open } from "./pages";

const TITLE = "You have not saved";

function WithLink() {
  return (
    <>
      <Anchor component={Link} to="/elsewhere">
        Elsewhere
      </Anchor>
      <StopAnswer />
    </>
  );
}

async function typed(words: string) {
  const api = apiThatKeeps("/v1/stop-confirmation", { enabled: true, text: "Bye" });
  const shown = await open(WithLink, "/", "/");
  const text = await screen.findByLabelText("Text");
  if (words) await userEvent.type(text, words);
  return { ...api, shown, text };
}

const leave = () => userEvent.click(screen.getByRole("link", { name: "Elsewhere" }));

test("what is typed and not saved is not left without a question", async () => {
  const { text } = await typed("!");
  await leave();
  expect(await screen.findByText(TITLE)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Stay here" }));
  await waitFor(() => expect(screen.queryByText(TITLE)).not.toBeInTheDocument());
  expect(text).toHaveValue("Bye!");
  await leave();
  await userEvent.click(await screen.findByRole("button", { name: "Leave without saving" }));
  await waitFor(() => expect(screen.queryByLabelText("Text")).not.toBeInTheDocument());
});

test.each(["", "!"])("a page is left without a question where nothing is typed (%o) or all is saved", async (words) => {
  const { saves } = await typed(words);
  if (words) {
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(saves()).toHaveLength(1));
  }
  await waitFor(async () => {
    await leave();
    expect(screen.queryByLabelText("Text")).not.toBeInTheDocument();
  });
  expect(screen.queryByText(TITLE)).not.toBeInTheDocument();
});
