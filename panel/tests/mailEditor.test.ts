import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Component, echoOf, editorOf, isWhole, sourceOf } from "@/areas/mailEditor/grapes";
import { putTogether, takeApart } from "@/areas/mailEditor/mjmlSource";
import { settle, tagOf } from "@/areas/mailEditor/moves";

const READY_MADE = "../services/campaigns/campaigns/ready_made";
const read = (name: string) => readFileSync(`${READY_MADE}/${name}`, "utf8");
const names = readdirSync(READY_MADE).filter((name) => /^[a-z].*\.mjml$/.test(name));
const mailOf = (name: string) => read(name).replace(/\[\[(_[a-z_]+)\]\]/g, (_, part) => read(`${part}.mjml`));

test.each(names)("the ready-made %s can be opened by drag and drop, and nothing of it is lost", (name) => {
  const mail = mailOf(name);
  const parts = takeApart(mail);
  if (!parts) throw new Error("no body");
  const echo = echoOf(parts);
  expect(isWhole(mail, echo)).toBe(true);
});

const within = (body: string) => `<mjml><mj-body><mj-section><mj-column>${body}</mj-column></mj-section></mj-body></mjml>`;
const echoed = (mail: string) => {
  const parts = takeApart(mail);
  return parts && echoOf(parts);
};

test.each([
  ["expressions with quotes and signs", '<mj-text>{{ city | default("Gdynia") }} {% if a < b and c > d %}<b>x</b>{% endif %}</mj-text>'],
  ["statements around elements", '{% if vip %}<mj-text>x</mj-text>{% else %}<mj-text>y</mj-text>{% endif %}'],
  ["rows of a table", "<mj-table><tr><td>{{ a }}</td></tr>{% for b in c %}<tr><td>{{ b }}</td></tr>{% endfor %}</mj-table>"],
  ["raw source and comments", "<mj-raw><!-- a --><p>x</p></mj-raw><!-- b --><mj-text>y</mj-text>"],
  ["addresses with parameters", '<mj-button href="https://shop.test/?a=1&amp;b={{ c }}">x</mj-button>'],
  ["spaces that do not break", "<mj-text>a&nbsp;b &lt;c&gt; &amp;</mj-text>"],
  ["attributes that it has no field for", '<mj-image src="https://shop.test/a.png" alt="a" fluid-on-mobile="true" css-class="x" />'],
])("%s survive", (_, body) => {
  const mail = within(body);
  const echo = echoed(mail) ?? "";
  expect(isWhole(mail, echo), echo).toBe(true);
});

test("what is lost is noticed", () => {
  expect(isWhole(within("<mj-text>a</mj-text>"), within("<mj-text>b</mj-text>"))).toBe(false);
  expect(isWhole(within('<mj-text color="red">a</mj-text>'), within("<mj-text>a</mj-text>"))).toBe(false);
});

test("addresses keep their ampersands, for the source is read as XML", () => {
  expect(echoed(within('<mj-button href="https://shop.test/?a=1&amp;b=2">x</mj-button>'))).toContain('href="https://shop.test/?a=1&amp;b=2"');
});

test("a source without a whole body is not opened", () => {
  expect(takeApart("<mjml><mj-body><mj-section>")).toBeNull();
  expect(takeApart("")).toBeNull();
});

test("names that the editor makes are not in the mail", () => {
  expect(putTogether('<mj-body><mj-text id="ix3k">a</mj-text><mj-text id="top">b</mj-text></mj-body>', { opening: "<mjml>", head: "", kept: [] })).toBe(
    '<mjml>\n<mj-body><mj-text>a</mj-text><mj-text id="top">b</mj-text></mj-body>\n</mjml>',
  );
});

test.each([
  ["on a row, before its columns", "mj-section", 0, /<mj-column><mj-spacer[^>]*><\/mj-spacer><mj-text>a<\/mj-text><\/mj-column><mj-column>/],
  ["on a row, behind a column", "mj-section", 1, /<mj-text>a<\/mj-text><mj-spacer[^>]*><\/mj-spacer><\/mj-column><mj-column>/],
  ["between rows", "mj-body", 1, /<\/mj-section><mj-section[^>]*><mj-column><mj-spacer[^>]*><\/mj-spacer><\/mj-column><\/mj-section><\/mj-body>/],
])("an element that is dropped %s stands in a column", (_, home, at, wanted) => {
  const parts = takeApart("<mjml><mj-body><mj-section><mj-column><mj-text>a</mj-text></mj-column><mj-column><mj-text>b</mj-text></mj-column></mj-section></mj-body></mjml>");
  if (!parts) throw new Error("no body");
  const editor = editorOf(parts);
  const find = (part: Component | undefined): Component | undefined => (part && tagOf(part) === home ? part : part?.components().models.map(find).find(Boolean));
  settle(editor, find(editor.getWrapper())?.append('<mj-spacer height="24px"></mj-spacer>', { at })[0]);
  expect(sourceOf(editor, parts)).toMatch(wanted);
});
