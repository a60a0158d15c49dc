import type { Schemas } from "@/api/client";

export type Template = Pick<Schemas["WhatsappTemplate"], "name" | "language" | "components">;

/** What a template asks for and shows, taken out of what Meta keeps of it. */
export interface TemplateParts {
  header: { format: "TEXT" | "IMAGE" | "VIDEO" | "DOCUMENT"; text: string; takesText: boolean } | null;
  body: string;
  /** How many values its body takes: {{1}}, {{2}}, … */
  values: number;
  footer: string;
  buttons: { index: number; text: string; takesUrl: boolean; url: string }[];
}

const PLACES = /\{\{\s*(\d+)\s*\}\}/g;
const MEDIA = ["IMAGE", "VIDEO", "DOCUMENT"] as const;

/** https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components */
export function partsOf(template: Template): TemplateParts {
  const of = (type: string) => template.components.find((one) => String(one.type).toUpperCase() === type) as Record<string, unknown> | undefined;
  const [header, body, footer, buttons] = [of("HEADER"), of("BODY"), of("FOOTER"), of("BUTTONS")];
  const format = [...MEDIA, "TEXT" as const].find((one) => one === String(header?.format ?? "").toUpperCase());
  const headerText = String(header?.text ?? "");
  const all = (buttons?.buttons ?? []) as Record<string, unknown>[];
  return {
    header: format ? { format, text: headerText, takesText: format === "TEXT" && places(headerText) > 0 } : null,
    body: String(body?.text ?? ""),
    values: places(String(body?.text ?? "")),
    footer: String(footer?.text ?? ""),
    buttons: all.map((one, index) => {
      const url = String(one.url ?? "");
      return { index, text: String(one.text ?? ""), takesUrl: one.type === "URL" && places(url) > 0, url };
    }),
  };
}

/** A text of a template with its values in their places; one that is not known stays as it is. */
export function filledIn(text: string, values: (string | undefined)[]): string {
  return text.replace(PLACES, (place, number: string) => values[Number(number) - 1] || place);
}

function places(text: string): number {
  return Math.max(0, ...[...text.matchAll(PLACES)].map((found) => Number(found[1])));
}

/** A template's own name among those of a number: one name may stand for several languages. */
export function keyOf({ name, language }: { name: string; language: string }): string {
  return `${name}/${language}`;
}
