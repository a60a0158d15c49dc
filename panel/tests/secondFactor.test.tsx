import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { RecoveryCodes } from "@/areas/account/RecoveryCodes";
import { apiThatAnswers, open } from "./pages";

const dialog = () => within(screen.getAllByRole("dialog").at(-1) as HTMLElement);
const show = async (language: "en" | "pl" = "en") => {
  await open(RecoveryCodes, "/app/account/security", "/app/account/security", { language });
  await userEvent.click(await screen.findByRole("button"));
};

test("new recovery codes are made after it was said what goes; they are shown once, to be copied or kept as a file", async () => {
  const wrong = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "code", code: "totp.wrong", detail: "The code is wrong." }] };
  const asked = apiThatAnswers(({ body }) => (body.includes("000000") ? Response.json(wrong, { status: 422 }) : { recovery_codes: ["aaaa-1111", "bbbb-2222"] }));
  await show();
  expect(dialog().getByText(/kept so far are worth nothing/)).toBeVisible();
  const code = dialog().getByLabelText(/code/i, { selector: "input" });
  await userEvent.click(dialog().getByRole("button", { name: "New recovery codes" }));
  await waitFor(() => expect(code).toHaveAccessibleDescription(/Write a code/));
  expect(asked).toEqual([]);
  await userEvent.type(code, "000 000");
  await userEvent.click(dialog().getByRole("button", { name: "New recovery codes" }));
  await waitFor(() => expect(code).toHaveAccessibleDescription(/The code is wrong/));
  await userEvent.clear(code);
  await userEvent.type(code, "123 456{Enter}");
  expect(await dialog().findByText(/aaaa-1111/)).toHaveTextContent("bbbb-2222");
  expect(JSON.parse(asked.at(-1)?.body ?? "")).toEqual({ code: "123456" });
  const file = dialog().getByRole("link", { name: "Download" });
  expect([file.getAttribute("download"), decodeURIComponent(file.getAttribute("href") ?? "")]).toEqual(["wici-recovery-codes.txt", expect.stringContaining("aaaa-1111\nbbbb-2222\n")]);
  await userEvent.click(dialog().getByRole("button", { name: "I have kept them" }));
  await waitFor(() => expect(screen.queryByText(/aaaa-1111/)).not.toBeInTheDocument());
});

test("whoever logged in a while ago proves by the password who is there, and goes on", async () => {
  let isProved = false;
  const old = { code: "session.proof_required", detail: "Your log-in is over ten minutes old." };
  const asked = apiThatAnswers(({ path, body }) => {
    if (path !== "/v1/sessions/current/proof") return isProved ? { recovery_codes: ["aaaa-1111"] } : Response.json(old, { status: 403 });
    isProved = body.includes("right");
    const wrong = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "password", code: "password.wrong", detail: "This is not your password." }] };
    return isProved ? new Response(null, { status: 204 }) : Response.json(wrong, { status: 422 });
  });
  await show("pl");
  await userEvent.type(dialog().getByLabelText(/kod/i, { selector: "input" }), "123456{Enter}");
  await userEvent.click(await dialog().findByRole("button", { name: "Potwierdź, że to Ty" }));
  await screen.findByText("Czy to Ty?");
  const password = dialog().getByLabelText("Hasło");
  await userEvent.type(password, "wrong{Enter}");
  await waitFor(() => expect(password).toHaveAccessibleDescription(/not your password/));
  await userEvent.clear(password);
  await userEvent.type(password, "right{Enter}");
  expect(await screen.findByText("Dziękujemy. Teraz zrób to jeszcze raz.")).toBeInTheDocument();
  expect(asked.map(({ path }) => path.split("/").at(-1))).toEqual(["recovery-codes", "proof", "proof"]);
  await waitFor(() => expect(screen.getAllByRole("dialog")).toHaveLength(1));
  await userEvent.click(dialog().getByRole("button", { name: "Nowe kody zapasowe" }));
  expect(await screen.findByText(/aaaa-1111/)).toBeInTheDocument();
});
