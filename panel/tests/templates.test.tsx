import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import { FromTemplate } from "@/areas/campaigns/FromTemplate";
import { MailCheck } from "@/areas/campaigns/MailCheck";
import { MailEditor } from "@/areas/campaigns/MailEditor";
import { NewCampaign } from "@/areas/campaigns/NewCampaign";
import { begunWith } from "@/areas/campaigns/templateContent";
import { TemplateList } from "@/areas/templates/TemplateList";
import { TemplatePage } from "@/areas/templates/TemplatePage";
import { Versions } from "@/areas/templates/Versions";
import i18n from "@/i18n";
import { apiThatAnswers, open, pageOf } from "./pages";

vi.mock("@/areas/mailEditor/DragAndDrop", () => ({ default: () => "by drag and drop" }));
vi.mock("@/areas/campaigns/Variables", () => ({ Variables: () => null }));

const OWN = { id: "1", kind: "own", name: "Spring", channel: "email", language: null, updated_at: "2027-03-01T10:00:00Z" };
const READY_MADE = { ...OWN, id: "2", kind: "ready_made", name: "Newsletter", language: "en", updated_at: null };

function templates() {
  return apiThatAnswers(({ path, query }) => {
    if (path === "/v1/templates/2") return { ...READY_MADE, content: { subject: "Hello", mjml: "<mjml></mjml>", html: "<p></p>" } };
    return path === "/v1/templates" ? pageOf([query.kind === "ready_made" ? READY_MADE : OWN]) : undefined;
  });
}

test("templates of one's own and ready-made ones are both shown, and can be told apart", async () => {
  templates();
  await open(TemplateList, "/app/templates", "/app/templates");
  expect(within(await screen.findByRole("region", { name: "Your own" })).getByText("Spring")).toBeVisible();
  expect(within(await screen.findByRole("region", { name: "Ready-made" })).getByText("Newsletter")).toBeVisible();
});

test("one kind of templates is shown where the address names it", async () => {
  const asked = templates();
  await open(TemplateList, "/app/templates", "/app/templates?kind=ready_made");
  expect(await screen.findByText("Newsletter")).toBeVisible();
  expect(screen.queryByText("Spring")).not.toBeInTheDocument();
  expect(asked.flatMap(({ query }) => query.kind ?? [])).toEqual(["ready_made"]);
});

const png = () => new Response("PNG", { headers: { "Content-Type": "image/png" } });

test("a template's picture is shown in the list where there is one", async () => {
  const asked = apiThatAnswers(({ path, query }) => {
    if (path.endsWith("/picture")) return png();
    return pageOf(query.kind === "own" ? [{ ...OWN, version: 4, has_picture: true }, { ...OWN, id: "3", name: "Plain", version: 1, has_picture: false }] : []);
  });
  await open(TemplateList, "/app/templates", "/app/templates?kind=own");
  expect(await screen.findByRole("img", { name: "Picture: Spring" })).toHaveAttribute("src", `data:image/png;base64,${btoa("PNG")}`);
  expect(asked.filter(({ path }) => path.endsWith("/picture")).map(({ path }) => path)).toEqual(["/v1/templates/1/versions/4/picture"]);
});

test("versions are shown with their pictures, and an earlier one can be the present one again", async () => {
  const version = { name: "Spring", created_by: null, created_at: "2027-03-01T10:00:00Z" };
  const asked = apiThatAnswers(({ path }) => {
    if (path.endsWith("/picture")) return png();
    return path.endsWith("/restore") ? OWN : { items: [{ ...version, version: 2, has_picture: true }, { ...version, version: 1, has_picture: false }] };
  });
  await open(() => <Versions template={{ ...OWN, version: 2 } as never} />, "/", "/");
  expect(await screen.findByRole("img", { name: "Picture: Version 2" })).toBeVisible();
  expect(screen.getByText("Version 1")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Restore" }));
  await userEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Restore" }));
  await waitFor(() => expect(asked).toContainEqual(expect.objectContaining({ method: "POST", path: "/v1/templates/1/versions/1/restore" })));
});

test("a version is compared with the present one, or with another; which is in the address", async () => {
  const version = { name: "Spring", created_by: null, created_at: "2027-03-01T10:00:00Z", has_picture: false };
  const asked = apiThatAnswers(({ path, query }) => {
    if (!path.endsWith("/changes")) return { items: [3, 2, 1].map((number) => ({ ...version, version: number })) };
    const changes = [{ field: "subject", lines: ["@@ -1 +1 @@", "-Hello", "+Good morning"] }, { field: "html", lines: [" <p>", "+Hi"] }];
    return { from: 1, to: Number(query.to), changes: query.to === "3" ? changes : [] };
  });
  await open(() => <Versions template={{ ...OWN, version: 3 } as never} />, "/", "/");
  await userEvent.click(await screen.findByRole("button", { name: "Compare version 1" }));
  const dialog = within(await screen.findByRole("dialog", { name: "What differs from version 1" }));
  expect(within(await dialog.findByRole("region", { name: "Subject" })).getByText("-Hello").tagName).toBe("DEL");
  expect(within(dialog.getByRole("region", { name: "HTML" })).getByText("+Hi").tagName).toBe("INS");
  await userEvent.click(dialog.getByRole("combobox", { name: "Compared with" }));
  await userEvent.click(await screen.findByRole("option", { name: "Version 2" }));
  expect(await dialog.findByText("Both say the same.")).toBeVisible();
  expect(asked.filter(({ path }) => path.endsWith("/1/changes")).map(({ query }) => query.to)).toEqual(["3", "2"]);
});

test("a mail is checked: faults, links that answer or not, and what the spam filter says", async () => {
  const asked = apiThatAnswers(() => ({
    problems: [{ detail: "No unsubscribe link." }], advice: [{ detail: "The subject is long." }], unknown: [{ name: "fist_name", nearest: "first_name" }],
    figures: { weight: 20_480, spam: { score: 6.2, threshold: 15, is_spam: false, rules: [{ name: "CAPS", points: 3, words: "All capitals" }, { name: "GOOD", points: -1, words: "" }] } },
    links: [{ target: "https://a.example/", state: "answers", status: 200, reason: null }, { target: "https://b.example/", state: "missing", status: 404, reason: null }],
  }));
  await open(() => <MailCheck content={{ subject: "Hi", html: "<p></p>" }} />, "/", "/");
  await userEvent.click(await screen.findByRole("button", { name: "Check" }));
  for (const words of ["No unsubscribe link.", "The subject is long.", "There is no field “fist_name”. Did you mean “first_name”?", "20 KB; Gmail cuts a mail off at 102 KB.", "6.2 points; it is spam from 15.", "3: All capitals", "answers (200)", "not there (404)"])
    expect(await screen.findByText(words)).toBeVisible();
  expect(screen.queryByText(/GOOD/)).toBeNull();
  expect(JSON.parse(asked[0]?.body ?? "")).toEqual({ channel: "email", content: { subject: "Hi", html: "<p></p>" }, check_links: true });
});

test("a mail can begin with a ready-made template of the panel's language", async () => {
  const asked = templates();
  const take = vi.fn();
  await open(() => <FromTemplate replaces={false} take={take} />, "/", "/");
  await userEvent.click(await screen.findByRole("combobox", { name: "Begin with a template" }).catch(() => screen.getByLabelText("Begin with a template")));
  await userEvent.click(await screen.findByText("Newsletter"));
  await waitFor(() => expect(take).toHaveBeenCalled());
  expect(take.mock.calls[0]?.[0]).toEqual({ subject: "Hello", mjml: "<mjml></mjml>" });
  expect(asked).toContainEqual(expect.objectContaining({ query: { limit: "1000", channel: "email", kind: "ready_made", language: "en" } }));
});

test("a template takes the place of a mail that is written only once that was asked", async () => {
  templates();
  const take = vi.fn();
  await open(() => <FromTemplate replaces take={take} />, "/", "/");
  await userEvent.click(await screen.findByRole("combobox", { name: "Begin with a template" }).catch(() => screen.getByLabelText("Begin with a template")));
  await userEvent.click(await screen.findByText("Newsletter"));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByText(/takes the place of the mail that is written already/)).toBeVisible();
  expect(take).not.toHaveBeenCalled();
  await userEvent.click(dialog.getByRole("button", { name: "Begin with a template" }));
  await waitFor(() => expect(take).toHaveBeenCalled());
});

function Mail({ html = "", mjml = "" }) {
  const [source, setSource] = useState({ html, mjml });
  return <MantineProvider env="test"><MailEditor {...source} change={setSource} /></MantineProvider>;
}

test("the source's language can be switched, there and back, and nothing is lost", async () => {
  await i18n.changeLanguage("en");
  render(<Mail html="<p>Hi</p>" />);
  await userEvent.click(screen.getByRole("radio", { name: "MJML" }));
  expect(screen.getByLabelText("Source (MJML)")).toHaveValue("");
  expect(screen.getByRole("status")).toHaveTextContent("Only this MJML is saved.");
  await userEvent.type(screen.getByLabelText("Source (MJML)"), "<mjml>");
  await userEvent.click(screen.getByRole("radio", { name: "HTML" }));
  expect(screen.getByLabelText("Source (HTML)")).toHaveValue("<p>Hi</p>");
  await userEvent.click(screen.getByRole("radio", { name: "MJML" }));
  expect(screen.getByLabelText("Source (MJML)")).toHaveValue("<mjml>");
});

test("a switch from MJML to HTML begins with the HTML that was made of it", async () => {
  await i18n.changeLanguage("en");
  render(<Mail mjml="<mjml></mjml>" html="<html></html>" />);
  expect(await screen.findByText("by drag and drop")).toBeVisible();
  await userEvent.click(screen.getByRole("radio", { name: "MJML" }));
  expect(screen.getByLabelText("Source (MJML)")).toHaveValue("<mjml></mjml>");
  await userEvent.click(screen.getByRole("radio", { name: "HTML" }));
  expect(screen.getByLabelText("Source (HTML)")).toHaveValue("<html></html>");
});

test("a new mail begins by drag and drop, one that is of HTML with its source", async () => {
  await i18n.changeLanguage("en");
  render(<Mail />);
  expect(await screen.findByText("by drag and drop")).toBeVisible();
  cleanup();
  render(<Mail html="<p>Hi</p>" />);
  expect(screen.getByLabelText("Source (HTML)")).toHaveValue("<p>Hi</p>");
});

test("a template's page leads to a campaign that begins with its text", async () => {
  const sms = { ...OWN, id: "7", channel: "sms", version: 1, folder: "", content: { text: "See you tomorrow." } };
  const asked = apiThatAnswers(({ path, method }) => (method === "POST" && path === "/v1/campaigns" ? { id: "c1" } : path === "/v1/templates/7" ? sms : pageOf([])));
  await open(TemplatePage, "/app/templates/$templateId", "/app/templates/7", { allowed: ["sms.campaigns.write"] });
  expect(await screen.findByRole("link", { name: "Send as a campaign" })).toHaveAttribute("href", "/app/campaigns/new?channel=sms&template=%227%22");
  cleanup();
  await open(NewCampaign, "/app/campaigns/new", "/app/campaigns/new?channel=sms&template=%227%22");
  expect(await screen.findByText("It begins with what the template “Spring” says (SMS).")).toBeVisible();
  await userEvent.type(screen.getByRole("textbox", { name: /^Campaign name/ }), "Visits");
  await userEvent.click(screen.getByRole("button", { name: "Save and continue" }));
  await waitFor(() => expect(JSON.parse(asked.find(({ method, path }) => method === "POST" && path === "/v1/campaigns")?.body ?? "{}")).toMatchObject({ channel: "sms", content: sms.content }));
});

test("who may not write campaigns of a channel is not sent from its template to a campaign", async () => {
  const sms = { ...OWN, id: "7", channel: "sms", version: 1, folder: "", content: { text: "See you tomorrow." } };
  apiThatAnswers(({ path }) => (path === "/v1/templates/7" ? sms : pageOf([])));
  await open(TemplatePage, "/app/templates/$templateId", "/app/templates/7", { allowed: ["email.campaigns.write"] });
  expect(await screen.findByRole("heading", { level: 1, name: "Spring" })).toBeVisible();
  expect(screen.queryByRole("link", { name: "Send as a campaign" })).not.toBeInTheDocument();
});

test("a mail that begins with a template keeps the subject that was written before", () => {
  const taken = { subject: "Newsletter", preheader: "Three things", mjml: "<mjml></mjml>" };
  expect(begunWith({ subject: "In my shop", preheader: " " }, taken)).toEqual({ ...taken, subject: "In my shop", html: "" });
  expect(begunWith({ subject: "", preheader: "" }, taken)).toEqual({ ...taken, html: "" });
});
