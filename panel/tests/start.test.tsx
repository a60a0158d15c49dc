import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import i18n from "@/i18n";
import { notify } from "@/kit/notify";
import { LanguageChoice } from "@/shell/LanguageChoice";
import { withoutWords, withWords } from "@/shell/withoutWords";

vi.mock("@/kit/notify");
beforeEach(() => sessionStorage.clear());

test("words that do not come are asked for once more, and then it is said in both languages", () => {
  const place = document.createElement("div");
  const reload = vi.fn();
  withoutWords(place, reload);
  expect([reload.mock.calls.length, place.textContent]).toEqual([1, ""]);

  withoutWords(place, reload);
  expect(reload).toHaveBeenCalledTimes(1);
  expect([...place.children].map((one) => (one as HTMLElement).lang)).toEqual(["pl", "en"]);
  expect(place).toHaveTextContent("The page could not be loaded. Reload it in a moment.");
});

test("words that came in between make the next failure a first one", () => {
  const reload = vi.fn();
  withoutWords(document.body, reload);
  withWords();
  withoutWords(document.body, reload);
  expect(reload).toHaveBeenCalledTimes(2);
});

test("a language whose words do not come is told, and the one before stays", async () => {
  await i18n.changeLanguage("en");
  vi.spyOn(i18n, "changeLanguage").mockRejectedValueOnce(new TypeError("Failed to fetch"));
  render(
    <MantineProvider env="test">
      <LanguageChoice />
    </MantineProvider>,
  );
  await userEvent.click(screen.getByRole("radio", { name: "PL" }));
  await vi.waitFor(() => expect(notify).toHaveBeenCalledWith("The server cannot be reached. Check your connection."));
  expect(i18n.language).toBe("en");
});
