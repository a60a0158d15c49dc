interface Source {
  html: string;
  mjml: string;
}

const LINK = "unsubscribe_url";

/** Whether something is written, and nobody could unsubscribe from it. */
export function lacksUnsubscribe({ html, mjml }: Source): boolean {
  const source = (mjml || html).trim();
  return source !== "" && !source.includes(LINK);
}

/** The same with the link at its end. */
export function withUnsubscribe({ html, mjml }: Source, words: string): Source {
  const link = `<a href="{{ ${LINK} }}">${words}</a>`;
  if (!mjml) return { mjml, html: beforeEnd(html, "</body>", `<p style="text-align:center;font-size:13px">${link}</p>`) };
  const section = `<mj-section><mj-column><mj-text align="center" font-size="13px">${link}</mj-text></mj-column></mj-section>`;
  return { html, mjml: beforeEnd(mjml, "</mj-body>", section) };
}

function beforeEnd(source: string, end: string, part: string): string {
  const place = source.toLowerCase().lastIndexOf(end);
  return place < 0 ? source + part : source.slice(0, place) + part + source.slice(place);
}
