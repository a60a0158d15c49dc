import { Button, Modal, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { ProblemAlert } from "@/kit/States";

/** Where an act asks once more who is there, as the log-in is over ten minutes old: a way to say so, and to go on. */
export default function Prove() {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure(false);
  const [isProved, setProved] = useState(false);
  if (isProved) return <Text size="sm">{t("prove.done")}</Text>;
  return (
    <>
      <Button size="xs" variant="default" onClick={open} style={{ alignSelf: "flex-start" }}>
        {t("prove.begin")}
      </Button>
      <Modal opened={opened} onClose={close} title={t("prove.title")} centered closeButtonProps={{ "aria-label": t("act.close") }}>
        <Proof done={() => (setProved(true), close())} />
      </Modal>
    </>
  );
}

function Proof({ done }: { done: () => void }) {
  const { t } = useTranslation();
  const form = useForm({
    initialValues: { password: "", code: "" },
    validate: { password: (password, { code }) => (password || code ? null : t("prove.wanted")) },
  });
  const prove = useMutation({
    mutationFn: ({ password, code }: typeof form.values) => api.POST("/v1/sessions/current/proof", { body: password ? { password } : { code: code.replaceAll(" ", "") } }),
    onSuccess: done,
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    // It may be asked from inside another form, which shall not be sent with it.
    event.stopPropagation();
    form.onSubmit((values) => prove.mutate(values))(event);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t("prove.hint")}</Text>
        <ProblemAlert error={prove.error} />
        <PasswordInput
          label={t("login.password")} autoComplete="current-password" data-autofocus
          visibilityToggleButtonProps={{ "aria-label": t("login.showPassword"), tabIndex: 0 }} {...form.getInputProps("password")}
        />
        <TextInput label={t("prove.code")} autoComplete="one-time-code" {...form.getInputProps("code")} />
        <Button type="submit" loading={prove.isPending}>
          {t("prove.submit")}
        </Button>
      </Stack>
    </form>
  );
}
