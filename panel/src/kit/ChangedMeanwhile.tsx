import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { createContext, use } from "react";
import { useTranslation } from "react-i18next";
import { useFormats } from "@/kit/times";

/** How a form changes the very version of a thing that it was opened with. */
export interface Edit {
  /** The tag of the version that may be changed. */
  tag: () => string;
  /** Something was typed: a newer version is not shown by itself any more. */
  keep: () => void;
  /** What this changes in the form nobody has typed. */
  quietly: (change: () => void) => void;
  /** What was typed does not matter any more. */
  drop: () => void;
  saved: (thing: object) => void;
  refused: (error: unknown) => void;
  /** When the newer version was made, where the API tells. */
  changedAt: string | null;
  /** Shows the newer version in place of what was typed. */
  look: () => void;
  /** What is saved next replaces the newer version. */
  agree: () => void;
  isAgreed: boolean;
}

const nothing = () => undefined;
const act = (change: () => void) => change();

/** Of a form for something new, or of which nobody minds who was last: any version is changed. */
export const EditContext = createContext<Edit>({
  tag: () => "*", keep: nothing, quietly: act, drop: nothing, saved: nothing, refused: nothing, changedAt: null, look: nothing, agree: nothing, isAgreed: false,
});

/** Nothing was saved, for somebody else was first: theirs is looked at, or replaced by the next save. */
export function ChangedMeanwhile() {
  const { t } = useTranslation();
  const { time } = useFormats();
  const { changedAt, look, agree, isAgreed } = use(EditContext);
  const when = changedAt ? t("changed.at", { time: time(changedAt) }) : "";
  return (
    <Alert color="orange" variant="light" role="alert" title={t("changed.title")}>
      <Stack gap="xs">
        <Text size="sm">{isAgreed ? t("changed.agreed") : `${when} ${t("changed.hint")}`}</Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={look}>
            {t("changed.look")}
          </Button>
          {!isAgreed && (
            <Button size="xs" variant="default" onClick={agree}>
              {t("changed.keep")}
            </Button>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}
