import type { WhatsappContent } from "@/areas/campaigns/draft";
import { keyOf, type Template, type TemplateParts } from "@/areas/campaigns/whatsappTemplate";

/** A WhatsApp message as it is written: by a template, or a text to who has just written. */
export interface WhatsappForm {
  sender: string;
  by: "template" | "text";
  template: string;
  header: string;
  headerLink: string;
  body: string[];
  urls: Record<string, string>;
  text: string;
  buttons: string[];
}

export const BUTTONS_MAX = 3;

export function formOf(sender: string | null, content: WhatsappContent): WhatsappForm {
  const used = content.template;
  return {
    sender: sender ?? "",
    by: content.text || content.media ? "text" : "template",
    template: used ? keyOf(used) : "",
    header: used?.header ?? "",
    headerLink: used?.header_media?.link ?? "",
    body: used?.body ?? [],
    urls: Object.fromEntries(used?.buttons?.map((one) => [String(one.index), one.url ?? ""]) ?? []),
    text: content.text ?? "",
    buttons: content.buttons?.map((one) => one.title) ?? [],
  };
}

/** What the form says; what a draft has beside it and the panel does not write stays. */
export function contentOf(before: WhatsappContent, form: WhatsappForm, template: Template | undefined, parts: TemplateParts | undefined): WhatsappContent {
  if (form.by === "text") {
    const { template: _template, buttons: _buttons, ...rest } = before;
    const buttons = form.buttons.filter(Boolean).map((title, place) => ({ id: `answer-${place + 1}`, title }));
    return { ...rest, text: form.text, ...(buttons.length > 0 && { buttons }) };
  }
  if (!template || !parts) return before.template && form.template === keyOf(before.template) ? { template: before.template } : {};
  const { header } = parts;
  const urls = parts.buttons.filter((one) => one.takesUrl).map(({ index }) => ({ index, url: form.urls[index] ?? "" }));
  const payloads = before.template?.buttons?.filter((one) => one.payload && !urls.some(({ index }) => index === one.index)) ?? [];
  const kind = header && header.format !== "TEXT" ? (header.format.toLowerCase() as "image" | "video" | "document") : null;
  return {
    template: {
      name: template.name,
      language: template.language,
      ...(header?.takesText && { header: form.header }),
      ...(kind && form.headerLink && { header_media: { kind, link: form.headerLink } }),
      ...(parts.values > 0 && { body: Array.from({ length: parts.values }, (_, place) => form.body[place] ?? "") }),
      ...(urls.length + payloads.length > 0 && { buttons: [...urls, ...payloads] }),
    },
  };
}

const PLACES: [RegExp, string][] = [
  [/^content\.template\.body\.(\d+)$/, "body.$1"],
  [/^content\.template\.header_media.*$/, "headerLink"],
  [/^content\.template\.header$/, "header"],
  [/^content\.template.*$/, "template"],
  [/^content\.buttons\.(\d+).*$/, "buttons.$1"],
  [/^content\./, ""],
];

/** The API's name of a field as the form has it. */
export function placeInForm(field: string): string {
  const found = PLACES.find(([pattern]) => pattern.test(field));
  return found ? field.replace(...found) : field;
}
