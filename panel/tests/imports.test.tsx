import { readFileSync } from "node:fs";
import { renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { useProblemWords } from "@/areas/contacts/problems";
import i18n from "@/i18n";

const REASONS = readFileSync("../services/contacts/contacts/domain/reasons.py", "utf8");
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
