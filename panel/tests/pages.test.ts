import { expect, test } from "vitest";
import { apiThatAnswers, pageOf } from "./pages";

const status = async (method: string, path: string) => (await fetch(new Request(`http://wici.test${path}`, { method }))).status;

test("what stands in for the API gives a page of a list only where the API has one", async () => {
  apiThatAnswers(() => pageOf([]));
  expect(await status("GET", "/v1/groups")).toBe(200);
  expect(await status("GET", "/v1/groups/g1")).toBe(404);
  expect(await status("POST", "/v1/sms/parts")).toBe(404);
  expect(await status("GET", "/v1/segments/schema")).toBe(404);
});

test("what the API answers to is answered as the test says", async () => {
  apiThatAnswers(({ path }) => (path === "/v1/groups/g1" ? { id: "g1" } : undefined));
  expect(await status("GET", "/v1/groups/g1")).toBe(200);
  expect(await status("GET", "/v1/groups")).toBe(404);
});
