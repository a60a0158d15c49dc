import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { SegmentList } from "@/areas/segments/SegmentList";
import { NewSegment } from "@/areas/segments/SegmentPage";
import { draftOf, isComplete, type Rule, ruleOf, type Terms } from "@/areas/segments/rules";
import { apiThatAnswers, type Asked, open, pageOf } from "./pages";

const op = (name: string, value: string) => ({ op: name, label: name, value });
const TERMS: Terms = {
  fields: [
    { name: "city", label: "City", type: "text", is_custom: false, operators: [op("eq", "text"), op("in", "text_list"), op("is_empty", "none")] },
    { name: "size", label: "Size", type: "number", is_custom: true, operators: [op("between", "number_pair")] },
    { name: "engagement", label: "Deeds", type: "engagement", is_custom: false, operators: [op("opened", "engagement")] },
  ],
  limits: { depth: 12, conditions: 200, values: 1000, ids: 100, days: 36500, times: 1000 },
};
const CITY: Rule = { field: "city", op: "eq", value: "Gdynia" as never };

/** Six levels, each in the other's middle, with every shape that the API takes. */
const DEEP: Rule = { all: [CITY, { any: [CITY, { not: { all: [{ any: [{ not: { any: [{ all: [CITY] }] } }] }, CITY] } }] }] };

test.each([
  ["a set", { all: [CITY, { field: "city", op: "is_empty" }] } as Rule, undefined],
  ["six levels", DEEP, undefined],
  ["a condition by itself", CITY, { all: [CITY] }],
  ["the opposite of a condition", { not: CITY } as Rule, { not: { all: [CITY] } }],
  ["the opposite of an opposite", { not: { not: { any: [CITY] } } } as Rule, { not: { all: [{ not: { any: [CITY] } }] } }],
  ["letters without accents", { all: [{ ...CITY, accents: false }] } as Rule, undefined],
])("%s is the same rule after it was shown", (_, rule, wanted) => {
  expect(ruleOf(draftOf(rule))).toEqual(wanted ?? rule);
});

test.each([
  [{ all: [] } as Rule, false],
  [{ all: [{ field: "city", op: "eq" }] } as Rule, false],
  [{ all: [{ field: "city", op: "in", value: [] as never }] } as Rule, false],
  [{ all: [{ field: "size", op: "between", value: [1] as never }] } as Rule, false],
  [{ all: [{ field: "size", op: "between", value: [0, 1] as never }] } as Rule, true],
  [{ all: [{ field: "city", op: "is_empty" }, { field: "engagement", op: "opened" }] } as Rule, true],
])("%j can be counted: %s", (rule, whole) => {
  expect(isComplete(draftOf(rule), TERMS)).toBe(whole);
});

function answer({ path }: Asked) {
  if (path === "/v1/segments/schema") return TERMS;
  if (path === "/v1/segments/count") return { count: 7 };
  return path === "/v1/segments" ? pageOf([]) : pageOf([]);
}

test("a rule is built, counted and saved as it is shown", async () => {
  const asked = apiThatAnswers(answer);
  await open(NewSegment, "/app/segments/new", "/app/segments/new", { allowed: ["contacts.write"] });
  expect(await screen.findByText("Finish the rules to see how many people fit.")).toBeVisible();
  await userEvent.type(screen.getByLabelText(/^Name/), "From Gdynia");
  await userEvent.click(screen.getByRole("button", { name: "Add a condition" }));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  expect(screen.getByText("Finish each condition or remove it, then save.")).toBeVisible();
  expect(asked.some(({ method, path }) => method === "POST" && path === "/v1/segments")).toBe(false);
  await userEvent.type(screen.getByRole("textbox", { name: "Value" }), "Gdynia");
  expect(await screen.findByText("contacts fit")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(asked.some(({ method, path }) => method === "POST" && path === "/v1/segments")).toBe(true));
  const saved = asked.find(({ method, path }) => method === "POST" && path === "/v1/segments");
  expect(JSON.parse(saved?.body ?? "")).toEqual({ name: "From Gdynia", description: "", rules: { all: [CITY] } });
  const counted = asked.filter(({ path }) => path === "/v1/segments/count").map(({ body }) => JSON.parse(body));
  expect(counted.at(-1)).toEqual({ rules: { all: [CITY] } });
});

test("birthdays are asked for as birthdays, and nobody is born in the days to come", async () => {
  const days = (op: string, label: string) => ({ op, label, value: "days" });
  const born = { name: "birth_date", label: "Birth date", type: "date", operators: [days("eq", "is"), days("next_days", "in the next … days"), days("anniversary_within_days", "has its anniversary within … days")] };
  apiThatAnswers((asked) => (asked.path === "/v1/segments/schema" ? { ...TERMS, fields: [...TERMS.fields, born] } : answer(asked)));
  await open(NewSegment, "/app/segments/new", "/app/segments/new", { allowed: ["contacts.write"] });
  await userEvent.click(await screen.findByRole("button", { name: "Add a condition" }));
  await userEvent.click(screen.getByRole("combobox", { name: "Field" }));
  await userEvent.click(await screen.findByRole("option", { name: "Birth date" }));
  await userEvent.click(screen.getByRole("combobox", { name: "Operator" }));
  expect((await screen.findAllByRole("option")).map((one) => one.textContent)).toContain("birthday within … days");
  expect(screen.queryByRole("option", { name: "in the next … days" })).not.toBeInTheDocument();
});

test("rules are nested to the sixth level and no deeper", async () => {
  apiThatAnswers(answer);
  await open(NewSegment, "/app/segments/new", "/app/segments/new", { allowed: ["contacts.write"] });
  await screen.findByText("No rules yet.");
  for (let level = 1; level < 6; level += 1) {
    const innermost = screen.getByRole("group", { name: `Rules, level ${level}` });
    await userEvent.click(within(innermost).getByRole("button", { name: "Add rules inside" }));
  }
  const last = within(screen.getByRole("group", { name: "Rules, level 6" }));
  expect(last.queryByRole("button", { name: "Add rules inside" })).not.toBeInTheDocument();
});

test("who may only look is offered no new segment", async () => {
  apiThatAnswers(answer);
  await open(SegmentList, "/app/segments", "/app/segments");
  expect(await screen.findByText("No segments")).toBeVisible();
  expect(screen.queryByRole("link", { name: "New segment" })).not.toBeInTheDocument();
});
