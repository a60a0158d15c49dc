/** A link of a report: how often it was clicked, and its address, where `…` stands for what is each person's own. */
export interface ClickedLink {
  url: string;
  number: number | null;
  unique_clicks: number;
}

/**
 * A mail's source with each link's share of the clicks written beside it. Links of one address are told apart by their
 * order in the mail, as the report numbers them. A link that the report does not know keeps its look.
 */
export function linksOnMail(html: string, links: ClickedLink[], words: (link: ClickedLink, share: number) => string): string {
  const mail = new DOMParser().parseFromString(html, "text/html");
  const all = links.reduce((sum, one) => sum + one.unique_clicks, 0);
  const left = [...links].sort((a, b) => (a.number ?? 0) - (b.number ?? 0));
  for (const anchor of mail.querySelectorAll<HTMLAnchorElement>("a[href]")) {
    const address = anchor.getAttribute("href") ?? "";
    const place = left.findIndex((one) => isOf(one.url, address));
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
  const pattern = bare(reported).split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*");
  return new RegExp(`^${pattern}$`).test(bare(address));
}

function bare(address: string): string {
  return address.replace(/[?&]utm_[^#]*/, "").replace(/\/$/, "");
}
