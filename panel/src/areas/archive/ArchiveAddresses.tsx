import { Button, Modal, Radio, Group, Stack, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notify } from "@/kit/notify";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import { ProblemAlert } from "@/kit/States";

/** Puts addresses into the archive by hand, a line each. */
export function ArchiveAddresses({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const form = useForm({
    initialValues: { channel: "email", addresses: "", note: "" },
    validate: { addresses: (written) => (linesOf(written).length > 0 ? null : t("archive.addressesWanted")) },
  });
  const add = queries.useMutation("post", "/v1/archive", {
    onSuccess: async ({ items }) => {
      notify(t("archive.added", { count: items.length }));
      await askedAgain();
      close();
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const submit = form.onSubmit(({ channel, addresses, note }) =>
    add.mutate({ body: { channel: channel as "email" | "sms", addresses: linesOf(addresses), reason: "other", note } }),
  );
  return (
    <Modal opened onClose={close} title={t("archive.add")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form onSubmit={submit}>
        <Stack>
          <ProblemAlert error={add.error} />
          <Radio.Group label={t("campaigns.channel")} {...form.getInputProps("channel")}>
            <Group mt="xs">
              <Radio value="email" label={t("channel.email")} />
              <Radio value="sms" label={t("channel.sms")} />
            </Group>
          </Radio.Group>
          <Textarea label={t("archive.addresses")} description={t("archive.addressesHint")} autosize minRows={4} maxRows={12} {...form.getInputProps("addresses")} />
          <TextInput label={t("archive.note")} {...form.getInputProps("note")} />
          <Button type="submit" loading={add.isPending}>
            {t("archive.add")}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}

function linesOf(text: string): string[] {
  return text.split(/[\n,;]/).map((line) => line.trim()).filter(Boolean);
}
