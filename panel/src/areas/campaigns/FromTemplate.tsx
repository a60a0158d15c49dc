import { Select, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries } from "@/api/client";
import type { EmailContent } from "@/areas/campaigns/draft";
import { mailOf, type Taken } from "@/areas/campaigns/templateContent";
import type { Language } from "@/i18n";
import { ConfirmWindow } from "@/kit/ConfirmButton";
import { ProblemAlert } from "@/kit/States";

interface FromTemplateProps {
  /** A mail is written already, and would be gone. */
  replaces: boolean;
  take: (content: Taken) => void;
}

/** A template to begin with: one's own, or one that ships with Wici, of the language that the panel speaks. */
export function FromTemplate({ replaces, take }: FromTemplateProps) {
  const { t, i18n } = useTranslation();
  const mails = { limit: 1000, channel: "email" } as const;
  const language = i18n.language as Language;
  const own = queries.useQuery("get", "/v1/templates", { params: { query: { ...mails, kind: "own" } } });
  const readyMade = queries.useQuery("get", "/v1/templates", { params: { query: { ...mails, kind: "ready_made", language } } });
  const choose = useMutation({ mutationFn: async (templateId: string) => mailOf((await bodyOf(api.GET("/v1/templates/{template_id}", { params: { path: { template_id: templateId } } }))).content as EmailContent), onSuccess: take });
  const [asked, setAsked] = useState<string | null>(null);
  const confirm = () => {
    if (asked) choose.mutate(asked);
    setAsked(null);
  };
  const choices = [
    { group: t("templates.kinds.own"), items: own.data?.items ?? [] },
    { group: t("templates.kinds.ready_made"), items: readyMade.data?.items ?? [] },
  ].filter(({ items }) => items.length > 0);
  return (
    <>
      <Select
        label={t("wizard.template")}
        placeholder={t("wizard.templateHint")}
        data={choices.map(({ group, items }) => ({ group, items: items.map((one) => ({ value: one.id, label: one.name })) }))}
        searchable
        value={null}
        onChange={(id) => id && (replaces ? setAsked(id) : choose.mutate(id))}
      />
      <ConfirmWindow label={t("wizard.template")} opened={asked !== null} close={() => setAsked(null)} isRunning={false} confirm={confirm}>
        <Text>{t("wizard.templateAsk")}</Text>
      </ConfirmWindow>
      <ProblemAlert error={own.error ?? readyMade.error ?? choose.error} />
    </>
  );
}
