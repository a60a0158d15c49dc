import type { Schemas } from "@/api/client";
import type { EmailContent } from "@/areas/campaigns/draft";

/** What is taken of a template's mail: its source alone, for the API makes the rest of it. */
export type Taken = Pick<EmailContent, "subject" | "preheader" | "html" | "mjml">;

export function mailOf({ subject, preheader, html, mjml }: EmailContent): Taken {
  return { ...(subject && { subject }), ...(preheader && { preheader }), ...(mjml ? { mjml } : { html }) };
}

/** What a campaign begins with that is made of a template. */
export function contentOf({ channel, content }: Schemas["Template"]) {
  return channel === "email" ? mailOf(content as EmailContent) : content;
}

/** A mail that begins with a template: what somebody has written above it stays. */
export function begunWith<Words>({ subject, preheader }: { subject: string; preheader: string }, taken: Words) {
  return { html: "", mjml: "", ...taken, ...(subject.trim() && { subject }), ...(preheader.trim() && { preheader }) };
}
