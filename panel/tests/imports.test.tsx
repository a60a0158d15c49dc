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

/** Uploads a file of which the API says this; what it is asked is returned. */
async function uploaded(preview: object) {
  const asked = apiThatAnswers(({ path }) => (path === "/v1/imports/preview" ? { upload_id: "u1", filename: "a.csv", rows: [], fields: [], ...preview } : pageOf([])));
  await open(ImportWizard, "/app/imports/new", "/app/imports/new");
  await screen.findByText("Drop a file here");
  await userEvent.upload(document.querySelector("input[type=file]") as HTMLInputElement, new File(["a"], "a.csv", { type: "text/csv" }));
  await screen.findByText("Where they go");
  return asked;
}

const ROW = { number: 2, outcome: "added", problems: ["phone.invalid"], reasons: ["No number."], values: { email: "ann@shop.test" } };

test("a file of headings alone is said to have nobody, and is not imported", async () => {
  await uploaded({ columns: [columnOf("phone")] });
  expect(screen.getByText("The file has a row of column names and no other: there is nobody to import.")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Start the import" })).not.toBeInTheDocument();
});

test("a row of which only a value is bad is said to come in", async () => {
  await uploaded({ columns: [columnOf("email")], rows: [ROW] });
  expect(screen.getByText("added, but:")).toBeVisible();
});

test("columns without a value are folded away until somebody wants them", async () => {
  await uploaded({ columns: [columnOf("email"), { ...columnOf(null, 1), header: "Pager", samples: [] }], rows: [ROW] });
  expect(screen.queryByText("Pager")).not.toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Show empty columns: 1" }));
  expect(screen.getByText("Pager")).toBeVisible();
});

test("dates that could be read both ways are read in the order that somebody chooses", async () => {
  const asked = await uploaded({ columns: [{ ...columnOf("birth_date"), samples: ["12/9/1991"], date_order: "dmy" }], rows: [ROW] });
  await userEvent.click(screen.getByRole("combobox", { name: "What comes first in dates" }));
  await userEvent.click(await screen.findByRole("option", { name: "the month: 12/24/1990" }));
  await waitFor(() => expect(asked.at(-1)?.body).toContain('"date_order":"mdy"'));
});

test("dates that begin with the year are asked nothing of", async () => {
  await uploaded({ columns: [{ ...columnOf("birth_date"), samples: ["1991-09-12"], date_order: "dmy" }], rows: [ROW] });
  expect(screen.queryByRole("combobox", { name: "What comes first in dates" })).not.toBeInTheDocument();
});

test.each([["sms_consent+email_consent", false], ["viber_consent", false], ["consented_at", true], [null, true]])("with a column of %s it is said that there is no consent: %s", async (field, isSaid) => {
  const preview = { upload_id: "u1", filename: "a.csv", columns: [columnOf("phone"), columnOf(field, 1)], rows: [], total: 1, new_fields: [] };
  apiThatAnswers(({ path }) => (path === "/v1/imports/preview" ? preview : pageOf([])));
  await open(ImportWizard, "/app/imports/new", "/app/imports/new");
  await screen.findByText("Drop a file here");
  await userEvent.upload(document.querySelector("input[type=file]") as HTMLInputElement, new File(["a"], "a.csv", { type: "text/csv" }));
  await screen.findByText("Where they go");
  await waitFor(() => expect(screen.queryAllByText(WITHOUT)).toHaveLength(isSaid ? 1 : 0));
});
