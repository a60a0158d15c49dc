import { Alert, Anchor, Button, List } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { refusalOf } from "@/api/refusal";
import type { Lack, useSaveDraft } from "@/areas/campaigns/draft";
import { useListSearch } from "@/kit/search";
import { ProblemAlert } from "@/kit/States";

/** As Mantine has it: one of unknowns would take no interface. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Values = Record<string, any>;

/** One thing to be put right before a step is whole; `go` leads to where, if that is on the page. */
interface StepProblem {
  words: string;
  go: (() => void) | null;
}

/** What a step says of itself after it was saved, or was not. */
export interface StepState {
  /** How often it was to be left and could not be: each time what is missing gets the focus. */
  tries: number;
  error: unknown;
  problems: StepProblem[];
  goOn: () => void;
}

interface StepInput<V extends Values> {
  form: UseFormReturnType<V>;
  save: Pick<ReturnType<typeof useSaveDraft>, "keep">;
  /** What of the draft the step writes. */
  body: Schemas["CampaignUpdate"];
  lacks: Lack[];
  /** Which field of the form each lack is about. */
  places: Partial<Record<Lack, string>>;
  /** Which field of the form one of the API's is. */
  placeOf?: (field: string) => string;
  goOn: () => void;
}

/** A lack of another name than its field's, where it says better what to do. */
const OWN_WORDS = ["from_email", "template"] as const;

const plainPlace = (field: string) => field.replace(/^(content|audience)\./, "").split(".")[0] ?? field;
const inputAt = (place: string) => document.querySelector<HTMLInputElement>(`[data-path="${place}"]`);
const labelAt = (place: string) => inputAt(place)?.labels?.[0]?.textContent ?? "";

/**
 * Saves a step with whatever is written, and goes on where it lacks nothing. Else it says what is missing, or what the API
 * has refused: at each field, and in a list (`StepProblems`) from which each is one click away.
 */
export function useStep<V extends Values>({ form, save, body, lacks, places, placeOf = plainPlace, goOn }: StepInput<V>) {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const [tries, setTries] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const [labels, setLabels] = useState<Record<string, string>>({});
  const asked = places[search.lack as Lack];
  useEffect(() => {
    if (asked) inputAt(asked)?.focus();
  }, [asked]);
  const say = (errors: Record<string, string>, refusal: unknown = null) => {
    form.setErrors(errors);
    setError(refusal);
    // The API's words do not name the field.
    setLabels(refusal ? Object.fromEntries(Object.keys(errors).map((place) => [place, labelAt(place)])) : {});
  };
  const keep = async () => {
    try {
      await save.keep(body);
      say({});
    } catch (refusal) {
      say(refusedAt(refusal, placeOf), refusal);
      throw refusal;
    }
  };
  const wordsFor = (lack: Lack, place: string) => t(`wizard.wanted.${OWN_WORDS.find((one) => one === place) ?? lack}`);
  const sayWanted = (wanted: Lack[]) => {
    say(Object.fromEntries(wanted.map((lack) => [places[lack] ?? lack, wordsFor(lack, places[lack] ?? lack)])));
    setTries((before) => before + 1);
  };
  const leave = async (wanted: Lack[]) => {
    const isKept = await keep().then(() => true, () => false);
    if (!isKept) return setTries((before) => before + 1);
    if (wanted.length === 0) return goOn();
    sayWanted(wanted);
  };
  /** Keeps it, too; whether it lacks nothing, which is else said as it is when the step is to be left. */
  const keepWhole = async () => {
    await keep();
    if (lacks.length > 0) sayWanted(lacks);
    return lacks.length === 0;
  };
  const problems = Object.entries(form.errors).map(([place, words]) => ({
    words: [labels[place], String(words)].filter(Boolean).join(": "),
    go: (place.split(".")[0] ?? "") in form.values ? () => inputAt(place)?.focus() : null,
  }));
  // Whoever goes on with something missing keeps what was written since, too.
  return { keep, keepWhole, submit: form.onSubmit(() => leave(lacks)), state: { tries, error, problems, goOn: () => void leave([]) } };
}

function refusedAt(error: unknown, placeOf: (field: string) => string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const one of refusalOf(error).fields) found[placeOf(one.field)] ??= one.detail;
  return found;
}

/** Why a step is not whole, the first thing to be read and heard once it was to be left. `error`: of what it asks for. */
export function StepProblems({ of: { tries, error, problems, goOn }, error: other }: { of: StepState; error?: unknown }) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (tries > 0) box.current?.focus();
  }, [tries]);
  if (problems.length === 0) {
    // What was refused of a field is gone with the words at the field.
    const shown = error && refusalOf(error).fields.length === 0 ? error : other;
    if (!shown) return null;
    return (
      <div ref={box} tabIndex={-1}>
        <ProblemAlert error={shown} />
      </div>
    );
  }
  return (
    <Alert ref={box} tabIndex={-1} role="group" color={error ? "red" : "orange"} variant="light" title={t(error ? "wizard.notSaved" : "wizard.saved")}>
      <List size="sm" spacing={4}>
        {problems.map(({ words, go }, place) => (
          <List.Item key={place}>
            {go ? (
              <Anchor component="button" type="button" size="sm" underline="always" ta="start" mih={24} onClick={go}>
                {words}
              </Anchor>
            ) : (
              words
            )}
          </List.Item>
        ))}
      </List>
      {!error && (
        <Button mt="sm" size="xs" variant="default" onClick={goOn}>
          {t("wizard.goOn")}
        </Button>
      )}
    </Alert>
  );
}
