import { Anchor, Card, List, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { useMe } from "@/areas/session/me";
import { useChannelName } from "@/kit/channel";
import { inFull } from "@/kit/phone";
import { ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

interface Need {
  words: string;
  to: string;
  search?: Record<string, string>;
}

/** What lists told: whether all have answered and to the end, and why one has not. */
interface Found {
  needs: Need[];
  isAll: boolean;
  error: unknown;
}

const SOON_MS = 14 * 86_400_000;
const RECENT_MS = 7 * 86_400_000;

/** What waits for somebody, each with the way to where it is done. */
export function Needs() {
  const { t } = useTranslation();
  const found = [useCampaignNeeds(), useSenderNeeds(), useWebhookNeeds()];
  const needs = [...found.flatMap((one) => one.needs), ...usePlanNeeds()];
  return (
    <Card withBorder component="section">
      <Title order={2} size="h4" mb="xs">
        {t("home.needs")}
      </Title>
      <ProblemAlert error={found.find(({ error }) => error)?.error} />
      {needs.length === 0 && found.every(({ isAll }) => isAll) && <Text>{t("home.needsNothing")}</Text>}
      <List spacing={4}>
        {needs.map(({ words, to, search }) => (
          <List.Item key={`${to} ${words}`}>
            <Anchor component={Link} to={to} search={search as never} underline="always" style={{ overflowWrap: "anywhere" }}>
              {words}
            </Anchor>
          </List.Item>
        ))}
      </List>
    </Card>
  );
}

interface Listed {
  data: { next_cursor: string | null } | undefined;
  error: unknown;
  isEnabled: boolean;
}

function foundIn(lists: Listed[], needs: Need[]): Found {
  return {
    needs,
    isAll: lists.every(({ data, isEnabled }) => !isEnabled || data?.next_cursor === null),
    error: lists.find(({ data, error }) => error && !data)?.error,
  };
}

function useCampaignNeeds(): Found {
  const { t } = useTranslation();
  const now = useNow();
  const scheduled = useCampaigns("scheduled");
  const paused = useCampaigns("paused");
  const failed = useCampaigns("failed");
  const to = (id: string) => `/app/campaigns/${id}`;
  const waiting = itemsOf(scheduled).filter(({ approval }) => approval && !approval.is_given);
  const lately = itemsOf(failed).filter(({ updated_at }) => now - Date.parse(updated_at) < RECENT_MS);
  return foundIn(
    [scheduled, paused, failed],
    [
      ...waiting.map(({ id, name }) => ({ words: t("home.needsApproval", { name }), to: to(id) })),
      ...itemsOf(paused).map(({ id, name }) => ({ words: t("home.needsPaused", { name }), to: to(id) })),
      ...lately.map(({ id, name }) => ({ words: t("home.needsFailed", { name }), to: to(id) })),
    ],
  );
}

function useCampaigns(state: "scheduled" | "paused" | "failed") {
  const enabled = useMe().allowed.some((one) => one.endsWith(".campaigns.read"));
  return queries.useQuery("get", "/v1/campaigns", { params: { query: { state, limit: 100 } } }, { enabled });
}

function useSenderNeeds(): Found {
  const { t } = useTranslation();
  const { allowed } = useMe();
  const query = { limit: 100 };
  const ids = queries.useQuery("get", "/v1/sender-ids", { params: { query: { ...query, state: "verified" } } }, { enabled: allowed.includes("sms.senders") });
  const domains = queries.useQuery("get", "/v1/sender-domains", { params: { query } }, { enabled: allowed.includes("email.senders") });
  const waiting = itemsOf(domains).filter((one) => one.state !== "verified");
  return foundIn(
    [ids, domains],
    [
      ...itemsOf(ids).map((one) => ({ words: t("home.needsAccept", { name: inFull(one.sender) }), to: "/app/senders" })),
      ...waiting.map((one) => ({ words: t("home.needsDomain", { name: one.domain }), to: "/app/senders", search: { channel: "email" } })),
    ],
  );
}

function useWebhookNeeds(): Found {
  const { t } = useTranslation();
  const { allowed } = useMe();
  const webhooks = queries.useQuery("get", "/v1/webhooks", { params: { query: { limit: 100 } } }, { enabled: allowed.includes("reports.webhooks") });
  const paused = itemsOf(webhooks).filter((one) => one.paused_at);
  return foundIn([webhooks], paused.map((one) => ({ words: t("home.needsWebhook", { name: one.url }), to: "/app/account/webhooks" })));
}

function itemsOf<T>({ data }: { data: { items: T[] } | undefined }): T[] {
  return data?.items ?? [];
}

function usePlanNeeds(): Need[] {
  const { t } = useTranslation();
  const { day } = useFormats();
  const channelName = useChannelName();
  const { quota, plan_ends_at } = useMe();
  const now = useNow();
  const short = quota.filter(({ limit, remaining }) => limit && (remaining ?? 0) < limit / 10);
  const endsSoon = plan_ends_at !== null && Date.parse(plan_ends_at) - now < SOON_MS;
  return [
    ...(endsSoon ? [{ words: t("home.needsPlan", { day: day(plan_ends_at) }), to: "/app/account" }] : []),
    ...short.map(({ feature }) => ({ words: t("home.needsQuota", { channel: channelName(feature) }), to: "/app/account" })),
  ];
}

/** When the page was opened. */
function useNow(): number {
  return useState(() => Date.now())[0];
}
