import { Alert, Button, Card, Stack, TagsInput, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useContext, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import { type Campaign, PartContext } from "@/areas/campaigns/draft";
import { useMe } from "@/areas/session/me";
import { asTyped } from "@/kit/phone";
import { ProblemAlert } from "@/kit/States";

const MOST = 10;

/** Sends the draft, as it is written now, to a few addresses; `keepWhole` says what it lacks instead. */
export function TestSend({ campaign, keepWhole }: { campaign: Campaign; keepWhole: () => Promise<boolean> }) {
  const { t } = useTranslation();
  const part = useContext(PartContext);
  const isMail = campaign.channel === "email";
  // Most look at it in their own mailbox first.
  const { email } = useMe();
  const [addresses, setAddresses] = useState(isMail ? [email] : []);
  const [typed, setTyped] = useState("");
  const [isAsked, setAsked] = useState(false);
  const send = useMutation({
    mutationFn: async (to: string[]) => {
      if (!(await keepWhole())) return null;
      return api.POST("/v1/campaigns/{campaign_id}/test", {
        params: { path: { campaign_id: campaign.id }, header: { "Idempotency-Key": crypto.randomUUID() } },
        body: { addresses: to, ...(part && { step: part.place + 1 }), fields: { first_name: "Łucja", city: "Gdynia" } as never },
      });
    },
  });
  // What is typed counts without an Enter, too: it becomes an address here and not when the field is left, which would move the button from under the pointer.
  const begin = () => {
    const to = [...new Set([...addresses, typed].map((one) => (isMail ? one.trim() : asTyped(one))))].filter(Boolean);
    setAddresses(to);
    setTyped("");
    setAsked(true);
    if (to.length > 0) send.mutate(to);
  };
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("test.title")}
        </Title>
        <TagsInput
          label={t(isMail ? "test.addresses" : "test.numbers")}
          description={t(isMail ? "test.hint" : "test.numbersHint")}
          value={addresses}
          onChange={setAddresses}
          searchValue={typed}
          onSearchChange={setTyped}
          error={isAsked && addresses.length === 0 && !typed && t("test.wanted")}
          maxTags={MOST}
          // A number is written with spaces.
          splitChars={isMail ? [",", ";", " "] : [",", ";"]}
          acceptValueOnBlur={false}
        />
        <Button variant="default" loading={send.isPending} onClick={begin} style={{ alignSelf: "flex-start" }}>
          {t("test.send")}
        </Button>
        <ProblemAlert error={send.error} />
        {/* It is there before it says anything: what comes into the page together with its words is not read out by all readers. */}
        <div role="status">
          {send.data && (
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
