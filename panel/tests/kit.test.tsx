import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { type Column, DataTable } from "@/kit/DataTable";
import { dayForm, momentForm } from "@/kit/formats";
import { Filters } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { apiThatAnswers, open } from "./pages";

interface Row {
  name: string;
  note: string | null;
}

async function show(page: () => React.JSX.Element) {
  apiThatAnswers(() => ({}));
  await open(page, "/app/x", "/app/x");
}

const columns: Column<Row>[] = [
  { name: "name", header: "Name", cell: (one) => one.name },
  { name: "note", header: "Note", cell: (one) => one.note, isOptional: true },
];
const table = (rows: Row[]) => () => <DataTable label="Rows" columns={columns} rows={rows} keyOf={(one) => one.name} />;

test("a column that may be empty is there once a row fills it", async () => {
  await show(table([{ name: "a", note: null }, { name: "b", note: "new" }]));
  expect(await screen.findByRole("columnheader", { name: "Note" })).toBeVisible();
});

test("a column that no row fills is left out", async () => {
  await show(table([{ name: "a", note: null }, { name: "b", note: "" }]));
  expect(await screen.findByRole("columnheader", { name: "Name" })).toBeVisible();
  expect(screen.queryByRole("columnheader", { name: "Note" })).not.toBeInTheDocument();
});

test("a heading that is an address may be broken before its @ alone", async () => {
  await show(() => <Page title="very.long.name@mail.test">text</Page>);
  const heading = await screen.findByRole("heading", { name: "very.long.name@mail.test" });
  expect(heading.innerHTML).toContain("very.long.name<wbr>@mail.test");
});

test("what a list is filtered by begins with a capital, but for what people have named themselves", async () => {
  const options = [{ value: "a", label: "oldest first" }];
  await show(() => <Filters choices={[{ name: "sort", label: "Order", options }, { name: "group", label: "Group", options: [{ value: "b", label: "klienci" }], isLong: true }]} />);
  await userEvent.click(await screen.findByRole("combobox", { name: "Order" }));
  expect(await screen.findByRole("option", { name: "Oldest first" })).toBeVisible();
  await userEvent.click(screen.getByRole("combobox", { name: "Group" }));
  expect(await screen.findByRole("option", { name: "klienci" })).toBeVisible();
});

test("days are chosen and typed as the language writes them", () => {
  expect(dayForm("pl")).toEqual({ locale: "pl", valueFormat: "DD.MM.YYYY", placeholder: "24.12.2026" });
  expect(momentForm("en")).toEqual({ locale: "en", valueFormat: "DD/MM/YYYY HH:mm", placeholder: "24/12/2026 18:00" });
});
