import type { Campaign, SmsContent } from "@/areas/campaigns/draft";
import type { SmsPartsProps } from "@/areas/campaigns/SmsParts";

/** What a content is known by, in one line. */
export function gistOf(content: Campaign["content"], subject: string): string | undefined {
  if ("subject" in content) return `${subject}: ${content.subject ?? ""}`;
  if ("title" in content) return content.title;
  if ("template" in content) return content.template?.name;
  if ("card" in content || "carousel" in content) return content.card?.title ?? content.carousel?.cards[0]?.title;
  return "text" in content ? content.text : undefined;
}

/** What of an SMS campaign its parts and its price are counted by. */
export function smsOf({ content, audience }: Campaign): SmsPartsProps {
  const { text, replace_diacritics, short_links } = content as SmsContent;
  return { text: text ?? "", replaceDiacritics: replace_diacritics ?? false, shortLinks: short_links ?? false, audience };
}
