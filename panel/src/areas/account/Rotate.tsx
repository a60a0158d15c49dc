import { Button, Modal, Select, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { askedAgain } from "@/api/freshness";
import { Secret } from "@/kit/Secret";
import { ProblemAlert } from "@/kit/States";

/** How many minutes what there was before works on: none, an hour, a day, a week. */
const OVERLAPS = ["0", "60", "1440", "10080"] as const;

interface RotateProps {
  title: string;
  hint: string;
  /** What works on, and for how long is chosen. */
  overlap: string;
  button: string;
  /** Says of what is new that it is shown once. */
  once: string;
  rotate: (overlapMinutes: number) => Promise<string>;
  close: () => void;
}

/** A new secret in the place of one, which works on for a while. */
export function Rotate({ title, hint, overlap, button, once, rotate, close }: RotateProps) {
  const { t } = useTranslation();
  const form = useForm({ initialValues: { overlap: "60" } });
  const change = useMutation({ mutationFn: ({ overlap: minutes }: typeof form.values) => rotate(Number(minutes)), onSuccess: askedAgain });
  return (
    <Modal opened onClose={close} size="lg" title={title} closeButtonProps={{ "aria-label": t("act.close") }}>
      {change.data ? (
        <Secret title={once} text={change.data} close={close} />
      ) : (
        <form onSubmit={form.onSubmit((values) => change.mutate(values))}>
          <Stack>
            <ProblemAlert error={change.error} />
            <Text>{hint}</Text>
            <Select label={overlap} data={OVERLAPS.map((value) => ({ value, label: t(`keys.overlaps.${value}`) }))} allowDeselect={false} {...form.getInputProps("overlap")} />
            <Button type="submit" loading={change.isPending}>
              {button}
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
