import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { SmsParts } from "@/areas/campaigns/SmsParts";
import { formats, languageName } from "@/kit/formats";
import { apiThatAnswers, open } from "./pages";

test.each([
  ["gsm", 1, 160],
  ["gsm", 2, 153],
  ["ucs2", 1, 70],
  ["ucs2", 3, 67],
])("a part of %s holds, where there are %i, %i letters", async (encoding, parts, letters) => {
  apiThatAnswers(() => ({ characters: 12, parts, encoding, offenders: [], replaced: null, recipients: null, prices: [] }));
  await open(() => <SmsParts text="Hello there!" replaceDiacritics={false} shortLinks={false} audience={{}} />, "/", "/");
  expect(await screen.findByText(new RegExp(`${letters} letters a part`))).toBeVisible();
});

test("an hour by the clocks of the account's zone stays that hour, as the language writes it", () => {
  const of = (language: string) => formats(language, "Asia/Tokyo").clock("2026-11-24T09:00:00+01:00");
  expect([of("en"), of("pl")]).toEqual(["24 Nov, 09:00", "24 lis, 09:00"]);
});

test("a language is said in words, also as Meta writes it, and a code that is none as it is", () => {
  expect(languageName("pl", "pl")).toBe("polski");
  expect(languageName("pt_BR", "en")).toBe("Brazilian Portuguese");
  expect(languageName("no language!", "en")).toBe("no language!");
});
