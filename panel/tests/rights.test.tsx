import { cleanup, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";
import { Permissions } from "@/areas/account/Permissions";
import { bodyOf } from "@/areas/operator/Plans";
import { linksOnMail } from "@/areas/reports/linksOnMail";
import { NoRight } from "@/kit/States";
import { apiThatAnswers, open } from "./pages";

const RIGHTS = ["contacts", "contacts.read", "contacts.write", "reports.read"].map((name) => ({ name, summary: `May ${name}`, session_only: false }));

function Form() {
  const [held, hold] = useState(["contacts.read"]);
  return (
    <>
      <Permissions label="Rights" value={held} change={hold} />
      <output>{held.join(" ")}</output>
    </>
  );
}

test("an area's right takes the place of those below it, which are shown as granted", async () => {
  apiThatAnswers(() => ({ items: RIGHTS }));
  await open(Form, "/", "/");
  const whole = await screen.findByRole("checkbox", { name: "May contacts" });
  expect(whole).toBePartiallyChecked();
  await userEvent.click(screen.getByRole("checkbox", { name: /contacts\.write/ }));
  expect(screen.getByRole("status")).toHaveTextContent("contacts.read contacts.write");
  await userEvent.click(whole);
  expect(screen.getByRole("status").textContent).toBe("contacts");
  expect(screen.getByRole("checkbox", { name: /contacts\.read/ })).toBeDisabled();
  expect(screen.getByRole("checkbox", { name: /contacts\.read/ })).toBeChecked();
});

test("clicks stand beside the links of a mail, each by its address and its order", () => {
  const mail = '<p><a href="https://a.test/x?id=7">One</a> <a href="https://b.test/?utm_source=w">Two</a> <a href="https://b.test/">Three</a> <a href="mailto:a@b.test">Four</a></p>';
  const links = [
    { url: "https://b.test/", number: 2, unique_clicks: 1 },
    { url: "https://a.test/x?id=…", number: 0, unique_clicks: 6 },
    { url: "https://b.test/", number: 1, unique_clicks: 3 },
  ];
  const shown = new DOMParser().parseFromString(linksOnMail(mail, links, (one, share) => `${one.unique_clicks}/${share}`), "text/html");
  expect(shown.body.textContent).toBe("One6/0.6 Two3/0.3 Three1/0.1 Four");
  expect(shown.querySelector("[href]")).toBeNull();
});

test("links of one address are told apart by their words", () => {
  const mail = '<a href="https://a.test/"><img alt="Logo"></a> <a href="https://a.test/">Buy <b>now</b></a> <a href="https://a.test/">For Ala</a>';
  const links = [
    { url: "https://a.test/", label: "Buy now", number: 1, unique_clicks: 3 },
    { url: "https://a.test/", label: "For …", number: 2, unique_clicks: 1 },
  ];
  const shown = new DOMParser().parseFromString(linksOnMail(mail, links, (one) => `(${one.unique_clicks})`), "text/html");
  expect(shown.body.textContent).toBe(" Buy now(3) For Ala(1)");
});

test("a plan's price is sent in minor units, and an empty limit is none", () => {
  expect(bodyOf({ name: "Small", sms: 100, price: "99,90", retention_days: 90, listed: true }, "PLN")).toMatchObject({
    sms: 100, email: null, contacts: null, price: { amount: 9990, currency: "PLN" },
  });
});

test("rights are told by words; their names are for who makes a key", async () => {
  apiThatAnswers(() => ({ items: RIGHTS }));
  await open(() => <Permissions label="Rights" value={[]} change={() => undefined} withoutSessionOnly />, "/", "/");
  expect(await screen.findByRole("checkbox", { name: "May contacts contacts" })).toBeVisible();
  cleanup();
  await open(() => <Permissions label="Rights" value={[]} change={() => undefined} />, "/", "/");
  expect(await screen.findByRole("checkbox", { name: "May contacts" })).toBeVisible();
  expect(screen.queryByText("contacts.write")).not.toBeInTheDocument();
});

test("whom to ask for a right is told by the right's words", async () => {
  apiThatAnswers(() => ({ items: RIGHTS }));
  await open(() => <NoRight permission="reports.read" />, "/", "/");
  expect(await screen.findByText(/for the right “May reports.read”/)).toBeVisible();
});
