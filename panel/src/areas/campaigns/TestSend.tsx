import { Alert, Button, Card, Stack, TagsInput, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useContext, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import { type Campaign, PartContext } from "@/areas/campaigns/draft";
import { useMe } from "@/areas/session/me";
import { ProblemAlert } from "@/kit/States";

const MOST = 10;

/** Sends the draft, as it is written now, to a few addresses. */
export function TestSend({ campaign, keep }: { campaign: Campaign; keep: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const part = useContext(PartContext);
  // Most look at it in their own mailbox first.
  const { email } = useMe();
  const [addresses, setAddresses] = useState(campaign.channel === "email" ? [email] : []);
  const send = useMutation({
    mutationFn: async (to: string[]) => {
      await keep();
      return api.POST("/v1/campaigns/{campaign_id}/test", {
        params: { path: { campaign_id: campaign.id }, header: { "Idempotency-Key": crypto.randomUUID() } },
        body: { addresses: to, ...(part && { step: part.place + 1 }), fields: { first_name: "Łucja", city: "Gdynia" } as never },
      });
    },
  });
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("test.title")}
        </Title>
        <TagsInput
          label={t(campaign.channel === "email" ? "test.addresses" : "test.numbers")}
          description={t("test.hint")}
          value={addresses}
          onChange={setAddresses}
          maxTags={MOST}
          splitChars={[",", ";", " "]}
          acceptValueOnBlur
        />
        <Button variant="default" disabled={addresses.length === 0} loading={send.isPending} onClick={() => send.mutate(addresses)} style={{ alignSelf: "flex-start" }}>
          {t("test.send")}
        </Button>
        <ProblemAlert error={send.error} />
        {/* It is there before it says anything: what comes into the page together with its words is not read out by all readers. */}
        <div role="status">
          {send.isSuccess && (
            <Alert color="teal" title={t("test.sent")}>
              <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                {t("test.sentTo", { addresses: send.variables.join(", ") })}
              </Text>
            </Alert>
          )}
        </div>
      </Stack>
    </Card>
  );
}
