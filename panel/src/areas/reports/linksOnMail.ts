/** A link of a report: how often it was clicked, and its address, where `…` stands for what is each person's own. */
export interface ClickedLink {
  url: string;
  label?: string | null;
  number: number | null;
  unique_clicks: number;
}

/**
 * A mail's source with each link's share of the clicks written beside it. Links of one address are told apart by their
 * words, and by their order in the mail, as the report numbers them. A link that the report does not know keeps its look.
 */
export function linksOnMail(html: string, links: ClickedLink[], words: (link: ClickedLink, share: number) => string): string {
  const mail = new DOMParser().parseFromString(html, "text/html");
  const all = links.reduce((sum, one) => sum + one.unique_clicks, 0);
  const left = [...links].sort((a, b) => (a.number ?? 0) - (b.number ?? 0));
  for (const anchor of mail.querySelectorAll<HTMLAnchorElement>("a[href]")) {
    const address = anchor.getAttribute("href") ?? "";
    const place = left.findIndex((one) => isOf(one.url, address) && isSaid(one.label, anchor));
    const link = left[place];
    anchor.removeAttribute("href");
    if (!link) continue;
    // The last link of an address stands for all that follow: older reports count them together.
    if (left.some((one, other) => other > place && one.url === link.url)) left.splice(place, 1);
    anchor.after(markOf(mail, words(link, all ? link.unique_clicks / all : 0)));
  }
  return `<!doctype html>${mail.documentElement.outerHTML}`;
}

function markOf(mail: Document, words: string): HTMLElement {
  const mark = mail.createElement("span");
  mark.textContent = words;
  mark.setAttribute("style", "display:inline-block;margin:0 4px;padding:1px 7px;border-radius:9px;background:#862e9c;color:#fff;font:700 12px/1.5 sans-serif");
  return mark;
}

/** Whether a link of the mail is the report's, whatever is a person's own in it and whatever a count put behind it. */
function isOf(reported: string, address: string): boolean {
  return fits(bare(reported), bare(address));
}

/** Whether the report's words for a place are those of the link: of a test's variants, one's. What has none fits all. */
function isSaid(label: string | null | undefined, anchor: HTMLAnchorElement): boolean {
  if (!label) return true;
  const words = wordsOf(anchor);
  return fits(label, words) || label.split(" / ").some((one) => fits(one, words));
}

/** What a reader sees of a link, pictures by their words. */
function wordsOf(anchor: HTMLAnchorElement): string {
  const copy = anchor.cloneNode(true) as HTMLAnchorElement;
  for (const picture of copy.querySelectorAll("img")) picture.replaceWith(` ${picture.alt} `);
  const words = copy.textContent.replace(/\s+/g, " ").trim();
  return words || anchor.title || (anchor.getAttribute("aria-label") ?? "");
}

/** Whether the text is the pattern, in which `…` stands for anything. */
function fits(pattern: string, text: string): boolean {
  const escaped = pattern.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`).test(text);
}

function bare(address: string): string {
  return address.replace(/[?&]utm_[^#]*/, "").replace(/\/$/, "");
}
