import { useQueryClient } from "@tanstack/react-query";
import { queries, type Schemas } from "@/api/client";

export type Campaign = Schemas["Campaign"];
export type SmsContent = Schemas["SmsContent"];
export type EmailContent = Schemas["EmailContent"];
export type Step = "who" | "what" | "when";
export const STEPS: Step[] = ["who", "what", "when"];

/** What a draft still lacks, step by step, as keys of the catalogue. */
export function missingOf(campaign: Campaign) {
  const { audience, content, sender, channel } = campaign;
  const sms = content as SmsContent;
  const email = content as EmailContent;
  const who = (audience.groups?.length ?? 0) + (audience.segments?.length ?? 0) > 0 ? [] : ["audience" as const];
  const body = channel === "sms" ? Boolean(sms.text?.trim()) : Boolean(email.html || email.mjml);
  const what = [
    ...(sender ? [] : ["sender" as const]),
    ...(channel === "email" && !email.subject ? ["subject" as const] : []),
    ...(body ? [] : ["content" as const]),
  ];
  return { who, what, when: [] as never[] };
}

/** Keeps a change of the draft; the page shows the draft as the API then has it. */
export function useSaveDraft(campaignId: string) {
  const known = useQueryClient();
  const params = { path: { campaign_id: campaignId } };
  const save = queries.useMutation("patch", "/v1/campaigns/{campaign_id}", {
    onSuccess: (draft) => {
      const { queryKey } = queries.queryOptions("get", "/v1/campaigns/{campaign_id}", { params });
      known.setQueryData(queryKey, draft);
    },
  });
  return { ...save, keep: (body: Schemas["CampaignUpdate"]) => save.mutateAsync({ params, body }) };
}
