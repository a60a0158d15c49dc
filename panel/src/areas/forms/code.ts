import type { Schemas } from "@/api/client";

const SIGNS: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string) => text.replace(/[&<>"]/g, (sign) => SIGNS[sign] ?? sign);

/** HTML that puts a sign-up form into any page: plain, without a script, with the trap for machines that the API asks for. */
export function codeOf(form: Pick<Schemas["Form"], "id" | "language" | "fields" | "consent_texts" | "consent_version">, origin: string, submit: string): string {
  const consent = form.consent_texts[form.language] ?? Object.values(form.consent_texts)[0] ?? "";
  const fields = form.fields.map(({ key, required, labels }) => {
    const label = escaped(labels?.[form.language] ?? key);
    const type = key === "email" ? "email" : key === "phone" ? "tel" : "text";
    return `  <label>${label} <input type="${type}" name="${escaped(key)}"${required ? " required" : ""}></label>`;
  });
  return [
    `<form method="post" action="${origin}/v1/forms/${form.id}/submissions">`,
    ...fields,
    `  <label><input type="checkbox" name="_consent" value="true" required> ${escaped(consent)}</label>`,
    `  <input type="hidden" name="_consent_version" value="${form.consent_version}">`,
    `  <input type="hidden" name="_language" value="${escaped(form.language)}">`,
    `  <input name="_website" tabindex="-1" autocomplete="off" aria-hidden="true" style="position:absolute;left:-9999px">`,
    `  <button>${escaped(submit)}</button>`,
    "</form>",
  ].join("\n");
}
