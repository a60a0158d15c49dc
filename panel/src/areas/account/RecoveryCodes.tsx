import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, bodyOf } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { Secret } from "@/kit/Secret";
import { ProblemAlert } from "@/kit/States";

export const CODES_FILE = "wici-recovery-codes.txt";

/** New codes for the day that the phone is gone; those so far are worth nothing then, which is said first. */
export function RecoveryCodes() {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button variant="default" onClick={open}>
        {t("security.newCodes")}
      </Button>
      <Modal opened={opened} onClose={close} title={t("security.newCodes")} closeButtonProps={{ "aria-label": t("act.close") }}>
        <NewCodes close={close} />
      </Modal>
    </>
  );
}

function NewCodes({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const form = useForm({ initialValues: { code: "" }, validate: { code: (code) => (code.trim() ? null : t("security.codeWanted")) } });
  const make = useMutation({
    mutationFn: (code: string) => bodyOf(api.POST("/v1/me/totp/recovery-codes", { body: { code: code.replaceAll(" ", "") } })),
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  if (make.data) return <Secret title={t("security.newCodesOnce")} text={make.data.recovery_codes.join("\n")} filename={CODES_FILE} closing={t("security.codesKept")} close={close} />;
  return (
    <form onSubmit={form.onSubmit(({ code }) => make.mutate(code))}>
      <Stack>
        <Text>{t("security.newCodesAsk")}</Text>
        <ProblemAlert error={make.error} />
        <TextInput label={t("login.code")} description={t("security.codeHint")} data-autofocus autoComplete="one-time-code" {...form.getInputProps("code")} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("act.cancel")}
          </Button>
          <Button type="submit" loading={make.isPending}>
            {t("security.newCodes")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
