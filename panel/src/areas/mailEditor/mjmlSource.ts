/**
 * MJML as the drag-and-drop editor takes it, and back. The editor reads with the browser's parser of HTML, which knows no
 * self-closing tags, throws rows out that stand outside of a table, and writes the letters of the template language as
 * entities. What it cannot hold is kept here, and comes back in its place as it was written.
 */
export interface Parts {
  /** `<mjml …>`, as it was written. */
  opening: string;
  /** `<mj-head>…</mj-head>` with what styles the whole mail, as it was written. */
  head: string;
  /** `<mj-body>…</mj-body>`, for the editor. */
  body: string;
  /** What stands in the body in place of numbered marks. */
  kept: string[];
}

const HEAD = /<mj-head(?:\s[^>]*)?>[\s\S]*<\/mj-head\s*>|<mj-head\s*\/>/;
const BODY = /<mj-body[\s>][\s\S]*<\/mj-body\s*>/;
const OPENING = /<mjml(?:\s[^>]*)?>/;
const SELF_CLOSED = /<(mj-[a-z-]+)((?:\s+[\w:-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'))?)*)\s*\/>/g;
// Rows, raw HTML and comments, and the statements of the template language between elements.
const OPAQUE = /<(mj-table|mj-raw|mj-include|mj-accordion|mj-carousel)(?:\s[^>]*)?(?:\/>|>[\s\S]*?<\/\1\s*>)|<!--[\s\S]*?-->|\{%[\s\S]*?%\}/g;
const TEXT = /<(mj-text|mj-button)(?:\s[^>]*)?>[\s\S]*?<\/\1\s*>/g;
const MARK = /<wici-kept data-part="(\d+)"[^>]*>(?:<\/wici-kept>)?/g;
const BARE_AMPERSAND = /&(?!#?[a-zA-Z0-9]+;)/g;
const EXPRESSION = /\{[{%][\s\S]*?[}%]\}/g;
const ENTITIES: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&#039;": "'", "&#39;": "'" };

/** `null` where there is no body, or one that is broken off: then the source is to be mended first. */
export function takeApart(mjml: string): Parts | null {
  const body = BODY.exec(mjml)?.[0];
  if (!body) return null;
  const kept: string[] = [];
  const mark = (part: string) => `<wici-kept data-part="${kept.push(part) - 1}"></wici-kept>`;
  // Statements inside a text are words of it; between elements they are parts of their own.
  const texts: string[] = [];
  const shielded = body.replace(TEXT, (text) => `<wici-text-${texts.push(text) - 1}>`);
  const marked = shielded.replace(OPAQUE, (part) => mark(part.replace(/<wici-text-(\d+)>/g, (_, number) => texts[Number(number)] ?? "")));
  const opened = marked.replace(/<wici-text-(\d+)>/g, (_, number) => texts[Number(number)] ?? "").replace(SELF_CLOSED, "<$1$2></$1>");
  return { opening: OPENING.exec(mjml)?.[0] ?? "<mjml>", head: HEAD.exec(mjml)?.[0] ?? "", body: opened, kept };
}

/** The source of what the editor holds now. */
export function putTogether(body: string, { opening, head, kept }: Omit<Parts, "body">): string {
  const clean = withoutMadeIds(body)
    .replace(BARE_AMPERSAND, "&amp;")
    .replace(EXPRESSION, (expression) => expression.replace(/&(?:lt|gt|amp|quot|#0?39);/g, (entity) => ENTITIES[entity] ?? entity))
    .replace(/&nbsp;/g, "&#160;")
    .replace(/<(br|img|hr)((?:\s[^<>]*?)?)\s*\/?>/g, "<$1$2 />")
    .replace(MARK, (_, part) => kept[Number(part)] ?? "");
  return `${opening}\n${head ? `${head}\n` : ""}${clean}\n</mjml>`;
}

/** The editor names what it has touched; such names are its own. */
function withoutMadeIds(body: string): string {
  return body.replace(/(<[a-z-]+(?:\s[^<>]*?)?)\s+id="i[a-z0-9]{2,6}(?:-\d+)?"/g, "$1");
}
