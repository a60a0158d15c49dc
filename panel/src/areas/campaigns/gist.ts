import type { Campaign } from "@/areas/campaigns/draft";

/** What a content is known by, in one line. */
export function gistOf(content: Campaign["content"], subject: string): string | undefined {
  if ("subject" in content) return `${subject}: ${content.subject ?? ""}`;
  if ("title" in content) return content.title;
  if ("template" in content) return content.template?.name;
  if ("card" in content || "carousel" in content) return content.card?.title ?? content.carousel?.cards[0]?.title;
  return "text" in content ? content.text : undefined;
}
