import "grapesjs/dist/css/grapes.min.css";
import "@/areas/mailEditor/mailEditor.css";
import grapesjs, { type Component, type Editor } from "grapesjs";
import plugin, { type PluginOptions } from "grapesjs-mjml";
import { isElement, isElementTag, settle, tagOf } from "@/areas/mailEditor/moves";
import { type Parts, putTogether, takeApart } from "@/areas/mailEditor/mjmlSource";

export type { Component, Editor };

/** What can be put into a mail. */
export const BLOCKS = ["text", "button", "image", "oneColumn", "twoColumns", "divider", "spacer"] as const;
export type BlockName = (typeof BLOCKS)[number];
/** What these blocks say before somebody writes into them. */
export interface BlockWords {
  text: string;
  button: string;
  picture: string;
}
const KEPT = "wici-kept";
// A module of the older kind: bundlers do not agree on what its default is.
const mjml = (plugin as unknown as { default?: typeof plugin }).default ?? plugin;

/** What stands in a new mail: a place to write, and the link without which a campaign does not leave. */
export function newMail(words: { text: string; unsubscribe: string }): string {
  return (
    `<mjml>\n<mj-head><mj-attributes><mj-all font-family="Arial, Helvetica, sans-serif" /><mj-text font-size="16px" line-height="1.5" />` +
    `<mj-button background-color="#0b6e6e" font-size="16px" /></mj-attributes></mj-head>\n<mj-body background-color="#f1f3f5">` +
    `<mj-section background-color="#ffffff"><mj-column><mj-text>${words.text}</mj-text></mj-column></mj-section>` +
    `<mj-section><mj-column><mj-text align="center" font-size="13px"><a href="{{ unsubscribe_url }}">${words.unsubscribe}</a></mj-text></mj-column></mj-section>` +
    `</mj-body>\n</mjml>`
  );
}

function contentOf(name: BlockName, { text, button, picture }: BlockWords): string {
  const column = `<mj-column><mj-text>${text}</mj-text></mj-column>`;
  const contents: Record<BlockName, string> = {
    text: `<mj-text>${text}</mj-text>`,
    button: `<mj-button href="https://">${button}</mj-button>`,
    image: `<mj-image alt="${picture}"></mj-image>`,
    oneColumn: `<mj-section background-color="#ffffff">${column}</mj-section>`,
    twoColumns: `<mj-section background-color="#ffffff">${column}${column}</mj-section>`,
    divider: `<mj-divider border-width="1px" border-color="#ced4da"></mj-divider>`,
    spacer: `<mj-spacer height="24px"></mj-spacer>`,
  };
  return contents[name];
}

/** An editor in `container`, of `parts`; it asks nothing of any other host, and has no controls of its own. */
export function openEditor(container: HTMLElement, parts: Parts, words: BlockWords): Editor {
  const compiler = grapesjs.init({ headless: true, telemetry: false, storageManager: false, plugins: [(editor) => mjml(editor, {})] });
  // The editor draws each element by itself; with the mail's head it looks as it will.
  const asInMail = (source: string) => compiler.Commands.run("mjml-code-to-html", { mjml: source.replace("<mjml>", `<mjml>${parts.head}`) }) as object;
  const options: PluginOptions = { blocks: [], useCustomTheme: false, columnsPadding: "", mjmlParser: asInMail as never };
  const editor = grapesjs.init({
    container,
    height: "100%",
    width: "auto",
    storageManager: false,
    telemetry: false,
    noticeOnUnload: false,
    cssIcons: "",
    showToolbar: false,
    panels: { defaults: [] },
    blockManager: { custom: true },
    layerManager: { custom: true },
    styleManager: { custom: true },
    traitManager: { custom: true },
    selectorManager: { custom: true },
    assetManager: { custom: true },
    richTextEditor: { actions: ["bold", "italic", "underline", "link"] },
    plugins: [(editor) => mjml(editor, options), withoutDefaults],
  });
  editor.Panels.getPanels().reset();
  for (const name of BLOCKS) editor.Blocks.add(name, { label: name, content: contentOf(name, words), select: true });
  editor.on("block:drag:stop", (part?: Component) => settle(editor, part));
  editor.on("component:drag:end", ({ target }: { target?: Component }) => settle(editor, target));
  editor.setComponents(parts.body);
  editor.UndoManager.clear();
  return editor;
}

/** What a mail does not say of an element is the head's or MJML's to say, and no default of the editor. */
function withoutDefaults(editor: Editor): void {
  editor.Components.addType(KEPT, {
    isComponent: (element) => element.tagName?.toLowerCase() === KEPT,
    model: { defaults: { tagName: KEPT, selectable: false, hoverable: false, draggable: false, droppable: false, removable: false, copyable: false } },
  });
  for (const type of ["mj-body", "mj-section", "mj-column", "mj-group", "mj-wrapper", "mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-hero"]) {
    editor.Components.addType(type, { model: { defaults: { "style-default": {}, ...placesOf(type) } } });
  }
}

/** An element may be dropped on a row and between rows, too: `settle` finds its column. Elsewhere the editor knows what fits. */
function placesOf(type: string) {
  const rows = ["mj-section", "mj-wrapper", "mj-hero"];
  const takes: Record<string, string[]> = { "mj-section": ["mj-column", "mj-group"], "mj-body": rows };
  if (takes[type]) return { droppable: (part: Component) => isElement(part) || takes[type]?.includes(tagOf(part)) };
  if (!isElementTag(type)) return {};
  return { draggable: (_part: Component, place: Component) => ["mj-column", "mj-hero", "mj-section", "mj-body"].includes(tagOf(place)) };
}

/** The mail's source as it is in the editor now. */
export function sourceOf(editor: Editor, parts: Parts): string {
  return putTogether(editor.getHtml().trim(), parts);
}

/** What the editor would give back of a mail that nobody has touched; nothing is drawn for that. */
export function echoOf(parts: Parts): string {
  return sourceOf(editorOf(parts), parts);
}

/** An editor that nothing is drawn in. */
export function editorOf(parts: Parts): Editor {
  const editor = grapesjs.init({ headless: true, telemetry: false, storageManager: false, plugins: [(editor) => mjml(editor, {}), withoutDefaults] });
  editor.setComponents(parts.body);
  return editor;
}

/** Whether the editor holds all of a mail: what it gives back is what was put in, but for spaces and the order of attributes. */
export function isWhole(before: string, after: string): boolean {
  const [one, other] = [takeApart(before), takeApart(after)];
  return one !== null && other !== null && meaningOf(one) === meaningOf(other);
}

function meaningOf({ body, kept }: Parts): string {
  const bare = (text: string) => text.replace(/\s+/g, "");
  const read = (node: Node): string => {
    if (!(node instanceof Element)) return bare(node.textContent ?? "");
    if (node.localName === KEPT) return bare(kept[Number(node.getAttribute("data-part"))] ?? "");
    const attributes = [...node.attributes].map(({ name, value }) => ` ${name}="${bare(value)}"`).sort();
    return `<${node.localName}${attributes.join("")}>${[...node.childNodes].map(read).join("")}</>`;
  };
  return read(new DOMParser().parseFromString(body, "text/html").body);
}
