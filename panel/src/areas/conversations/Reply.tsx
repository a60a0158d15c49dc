import { Button, Card, Group, Stack, Text, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import type { Said } from "@/areas/conversations/heard";
import { useAllowed } from "@/areas/session/me";
import { useChannelName } from "@/kit/channel";
import { notify } from "@/kit/notify";
import { inFull } from "@/kit/phone";
import { ProblemAlert } from "@/kit/States";

/** Answers a person on the channel, and from the number, that they wrote to last. */
export function Reply({ to }: { to: Said | undefined }) {
  const mayReply = useAllowed(`${to?.channel ?? ""}.send`);
  return to && mayReply ? <ReplyForm key={`${to.channel}${to.number}`} to={to} /> : null;
}

function ReplyForm({ to }: { to: Said }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const form = useForm({ initialValues: { text: "" } });
  // One key for one text: a press that is repeated because its answer was lost sends nothing twice.
  const key = useRef(crypto.randomUUID());
  const send = useMutation({
    mutationFn: ({ text }: { text: string }) => sendTo(to, text.trim(), key.current),
    onSuccess: async () => {
      key.current = crypto.randomUUID();
      form.reset();
      notify(t("conversations.replySent"));
      await askedAgain();
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const write = form.getInputProps("text");
  return (
    <Card withBorder maw={720} component="section" aria-label={t("conversations.reply")}>
      <form onSubmit={form.onSubmit((values) => send.mutate(values))}>
        <Stack gap="xs">
          <ProblemAlert error={send.error} />
          <Textarea
            label={t("conversations.replyBy", { channel: channelName(to.channel), number: inFull(to.number) })}
            autosize
            minRows={2}
            {...write}
            onChange={(event) => {
              key.current = crypto.randomUUID();
              write.onChange(event);
            }}
          />
          <Group justify="space-between">
            <Text size="sm">{to.channel === "whatsapp" && t("conversations.window")}</Text>
            <Button type="submit" loading={send.isPending} disabled={!form.values.text.trim()}>
              {t("conversations.reply")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

function sendTo({ channel, phone, number }: Said, text: string, key: string): Promise<unknown> {
  const params = { header: { "Idempotency-Key": key } };
  const one = { from: number, to: [phone], text };
  if (channel === "rcs") return api.POST("/v1/rcs", { params, body: { ...one, kind: "single" } });
  return channel === "whatsapp" ? api.POST("/v1/whatsapp", { params, body: one }) : api.POST("/v1/sms", { params, body: one });
}
