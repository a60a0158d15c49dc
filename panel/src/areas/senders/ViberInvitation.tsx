import { Button, Modal, Select, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, type Schemas } from "@/api/client";
import { ContactChoice } from "@/areas/contacts/ContactChoice";
import { useAllowed } from "@/areas/session/me";
import { Secret } from "@/kit/Secret";
import { NoRight, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Bot = Schemas["ViberBot"];
const LIVES = [7, 30, 90];
const USUAL = "30";

/** Opens the making of an invitation to a bot. */
export function Invite({ bot }: { bot: Bot }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const mayChoose = useAllowed("contacts.read");
  const name = t("senders.inviteNamed", { name: bot.title });
  const close = () => setOpen(false);
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setOpen(true)} aria-label={name}>
        {t("senders.invite")}
      </Button>
      {isOpen && (
        <Modal opened onClose={close} size="lg" title={name} closeButtonProps={{ "aria-label": t("act.close") }}>
          {mayChoose ? <Invitation bot={bot} close={close} /> : <NoRight permission="contacts.read" />}
        </Modal>
      )}
    </>
  );
}

/** A link of one contact's own: first for whom, then the link. */
function Invitation({ bot, close }: { bot: Bot; close: () => void }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const [contact, setContact] = useState<{ id: string; name: string } | null>(null);
  const [days, setDays] = useState(USUAL);
  const make = useMutation({
    mutationFn: (contact_id: string) => bodyOf(api.POST("/v1/viber/bots/{viber_bot_id}/invitations", { params: { path: { viber_bot_id: bot.id } }, body: { contact_id, days: Number(days) } })),
  });
  if (make.data) return <Secret title={t("senders.inviteMade", { name: contact?.name, time: time(make.data.expires_at) })} text={make.data.link} close={close} />;
  return (
    <Stack>
      <Text>{t("senders.inviteHint")}</Text>
      <ProblemAlert error={make.error} />
      <ContactChoice label={t("senders.inviteWhom")} required value={contact?.id ?? null} change={(id, name) => setContact(id ? { id, name } : null)} />
      <Select label={t("senders.inviteDays")} data={LIVES.map((count) => ({ value: String(count), label: t("rules.days", { count }) }))} allowDeselect={false} value={days} onChange={(value) => setDays(value ?? USUAL)} />
      <Button onClick={() => contact && make.mutate(contact.id)} loading={make.isPending} disabled={!contact}>
        {t("senders.inviteMake")}
      </Button>
    </Stack>
  );
}
