import { useMutation, useQueryClient } from "@tanstack/react-query";
import { createContext, use, useContext } from "react";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { Refusal } from "@/api/refusal";
import { EditContext } from "@/kit/ChangedMeanwhile";

export type Campaign = Schemas["Campaign"];
/** One of the steps of a campaign over several channels. */
export type Part = NonNullable<Campaign["steps"]>[number];
export type SmsContent = Schemas["SmsContent"];
export type EmailContent = Schemas["EmailContent"];
export type PushContent = Schemas["PushContent"];
export type RcsContent = Schemas["RcsContent"];
export type ViberContent = Schemas["ViberContent"];
export type WhatsappContent = Schemas["WhatsappContent"];
export type Step = "who" | "what" | "when";
export const STEPS: Step[] = ["who", "what", "when"];
/** What a campaign cannot go without. */
export type Lack = "audience" | "sender" | "subject" | "content" | "link";

/** What a draft still lacks, step by step, as keys of the catalogue. */
export function missingOf(campaign: Campaign) {
  const who = lacksAudience(campaign.audience);
  const what = [...new Set((campaign.steps ?? [campaign]).flatMap(lacksOf))];
  return { who, what, when: [] as never[] };
}

export function lacksAudience({ groups = [], segments = [] }: Campaign["audience"]) {
  return groups.length + segments.length > 0 ? [] : ["audience" as const];
}

/** What one message lacks, of a campaign or of a step of one. */
export function lacksOf({ channel, sender, content }: Pick<Part, "channel" | "sender" | "content">) {
  const isNameless = channel === "email" && !(content as EmailContent | undefined)?.subject?.trim();
  return [
    ...(sender ? [] : ["sender" as const]),
    ...(isNameless ? ["subject" as const] : []),
    ...(isWritten(channel, content ?? {}) ? [] : ["content" as const]),
    ...(channel === "email" && leadsNowhere(content as EmailContent | undefined) ? ["link" as const] : []),
  ];
}

/** Whether a button or link of a mail is as the editor makes it, with no address behind its scheme. */
const leadsNowhere = (mail: EmailContent | undefined) => /\shref\s*=\s*(["'])\s*https?:\/\/\s*\1/i.test(mail?.mjml || mail?.html || "");

/** Whether there is something to show of a content; of a channel that the panel does not write the API tells. */
export function isWritten(channel: string, content: Campaign["content"]): boolean {
  const { text, html, mjml, body, data, kind, card, carousel, media, template, picture } = content as Record<string, unknown>;
  const of: Record<string, unknown[]> = {
    sms: [text],
    email: [html, mjml],
    push: [body, data],
    rcs: kind === "carousel" ? [carousel] : kind === "card" ? [card] : [text, media],
    viber: [text, picture],
    whatsapp: [template, text, media],
  };
  return of[channel]?.some((one) => (typeof one === "string" ? one.trim() : isFilled(one))) ?? true;
}

/** Whether anything is written in a part of a content, however deep. */
function isFilled(part: unknown): boolean {
  if (typeof part !== "object" || part === null) return typeof part === "string" && part.trim() !== "";
  return Object.values(part).some(isFilled);
}

/** Which step of which campaign is written on a page that writes one message; null where it is the campaign's only one. */
export const PartContext = createContext<{ steps: Part[]; place: number } | null>(null);

/** Keeps a change of the draft, or of the step that is written; the page shows the draft as the API then has it. */
export function useSaveDraft(campaignId: string) {
  const known = useQueryClient();
  const part = useContext(PartContext);
  const edit = use(EditContext);
  const params = { path: { campaign_id: campaignId } };
  const save = useMutation({
    // One after another: each is about the version that the one before has made.
    scope: { id: campaignId },
    mutationFn: (body: Schemas["CampaignUpdate"]) =>
      bodyOf(api.PATCH("/v1/campaigns/{campaign_id}", { params: { ...params, header: { "If-Match": edit.tag() } }, body })),
    onError: edit.refused,
    onSuccess: (draft) => {
      edit.saved(draft);
      const { queryKey } = queries.queryOptions("get", "/v1/campaigns/{campaign_id}", { params });
      known.setQueryData(queryKey, draft);
    },
  });
  const keep = async (body: Schemas["CampaignUpdate"]) => {
    if (!part) return save.mutateAsync(body);
    const steps = part.steps.map((one, place) => (place === part.place ? ({ ...one, ...body } as Part) : one));
    return save.mutateAsync({ steps }).catch((error: unknown) => {
      throw ofPart(error, part.place);
    });
  };
  return { ...save, keep };
}

/** A refusal whose fields are named as if the step were the whole campaign: `steps.1.content.text` is `content.text`. */
export function ofPart(error: unknown, place: number): unknown {
  if (!(error instanceof Refusal)) return error;
  const prefix = `steps.${place}.`;
  for (const one of error.fields) if (one.field.startsWith(prefix)) one.field = one.field.slice(prefix.length);
  return error;
}
