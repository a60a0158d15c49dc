import { readFileSync } from "node:fs";
import { renderHook, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ImportColumns } from "@/areas/contacts/ImportColumns";
import { ImportWizard } from "@/areas/contacts/ImportWizard";
import { useProblemWords } from "@/areas/contacts/problems";
import i18n from "@/i18n";
import { apiThatAnswers, open, pageOf } from "./pages";

const REASONS = readFileSync("../libs/contracts/contracts/contacts/import_reasons.py", "utf8");
const codes = [...REASONS.matchAll(/^ {4}"([a-z_+]+\.[a-z_]+)":/gm)].map((match) => match[1] ?? "");
const kinds = ["unreadable", "invalid", ...[...REASONS.matchAll(/^ {4}"([a-z_]+)":/gm)].map((match) => match[1] ?? "")];

test.each(["pl", "en"])("whatever an import may refuse is said in %s", async (language) => {
  await i18n.changeLanguage(language);
  const words = renderHook(useProblemWords).result.current;
  expect(codes.length).toBeGreaterThan(20);
  expect(kinds.length).toBe(6);
  for (const code of [...codes, ...kinds.map((kind) => `city.${kind}`)]) expect(words(code, "not said"), code).not.toBe("not said");
});

test("what is wrong with a field names the field, one of the account's own by its key", async () => {
  await i18n.changeLanguage("pl");
  const words = renderHook(useProblemWords).result.current;
  expect(words("city.cut")).toBe("Miasto: za długa wartość, obcięta");
  expect(words("size.invalid")).toBe("size: nieprawidłowa wartość");
  expect(words("row.new_code", "In the API's words")).toBe("In the API's words");
});

const FIELDS = [
  "email", "phone", "external_id", "first_name", "last_name", "company", "city", "birth_date", "sms_consent", "email_consent", "push_consent", "whatsapp_consent",
  "viber_consent", "rcs_consent", "modified_at", "consented_at", "first_name+last_name", "sms_consent+email_consent",
];
const columnOf = (field: string | null, column = 0) => ({ column, header: `H ${field}`, field, confidence: 1, samples: ["x"], date_order: null });

test.each(["pl", "en"] as const)("whatever a column is taken for is seen and has words in %s", async (language) => {
  apiThatAnswers(() => pageOf([]));
  await open(() => <ImportColumns columns={[...FIELDS, "of_tomorrow"].map(columnOf)} change={() => undefined} isBusy={false} />, "/", "/", { language });
  const shown = (await screen.findAllByRole("combobox")).map((input) => (input as HTMLInputElement).value);
  expect(shown).toHaveLength(FIELDS.length + 1);
  for (const [at, field] of FIELDS.entries()) expect([shown[at], field]).not.toContain("");
  expect(shown.filter((one) => FIELDS.includes(one))).toEqual([]);
  expect(new Set(shown).size).toBe(shown.length);
  expect(shown.at(-1)).toBe("of_tomorrow");
});

const WITHOUT = "Without consent nobody of this file gets a campaign.";

test.each([["sms_consent+email_consent", false], ["viber_consent", false], ["consented_at", true], [null, true]])("with a column of %s it is said that there is no consent: %s", async (field, isSaid) => {
  const preview = { upload_id: "u1", filename: "a.csv", columns: [columnOf("phone"), columnOf(field, 1)], rows: [], total: 1, new_fields: [] };
  apiThatAnswers(({ path }) => (path === "/v1/imports/preview" ? preview : pageOf([])));
  await open(ImportWizard, "/app/imports/new", "/app/imports/new");
  await screen.findByText("Drop a file here");
  await userEvent.upload(document.querySelector("input[type=file]") as HTMLInputElement, new File(["a"], "a.csv", { type: "text/csv" }));
  await screen.findByText("Where they go");
  await waitFor(() => expect(screen.queryAllByText(WITHOUT)).toHaveLength(isSaid ? 1 : 0));
});
