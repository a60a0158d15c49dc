import { Button, Group, Modal, NumberInput, PasswordInput, Select, Stack, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { useForm, type UseFormReturnType } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import { ProblemAlert } from "@/kit/States";

export interface Field {
  /** As the API calls it. */
  name: string;
  label: string;
  /** `act` is no field but a button between them, such as for one field more. */
  kind?: "text" | "long" | "secret" | "number" | "switch" | "choice" | "act";
  hint?: string;
  options?: { value: string; label: string }[];
  value?: string | number | boolean;
  isOptional?: boolean;
  /** What is wrong with what is written, where the API could not tell. */
  wrong?: (value: Values[string]) => string | null;
  onAct?: () => void;
}

/** What was filled in, by the fields' names; what was left empty is not there. */
export type Values = Record<string, string | number | boolean>;

interface ReasonButtonProps {
  label: string;
  /** The button's own name where several of the same label stand on a page. */
  named?: string;
  question?: string;
  fields?: Field[];
  /** `key` is the same for as long as the same is asked for: whoever asks again, because no answer came, gets it done once. */
  act: (reason: string, values: Values, key: string) => Promise<unknown>;
}

const SHORTEST = 3;

/** An act of an operator, which is written down with its reason. */
export function ReasonButton({ label, named, question, fields = [], act }: ReasonButtonProps) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button size="xs" variant="default" aria-label={named} onClick={() => setOpen(true)}>
        {label}
      </Button>
      {isOpen && (
        <Modal opened onClose={() => setOpen(false)} title={label} closeButtonProps={{ "aria-label": t("act.close") }}>
          <ReasonForm label={label} question={question} fields={fields} act={act} close={() => setOpen(false)} />
        </Modal>
      )}
    </>
  );
}

type Form = UseFormReturnType<Values>;

function ReasonForm({ label, question, fields = [], act, close }: ReasonButtonProps & { close: () => void }) {
  const { t } = useTranslation();
  const form: Form = useForm<Values>({
    initialValues: { reason: "", ...atFirst(fields) },
    validate: (filled) => Object.fromEntries(fields.map(({ name, wrong }) => [name, wrong?.(filled[name] ?? "") ?? null])),
  });
  const added = fields.filter(({ name, kind }) => kind !== "act" && form.values[name] === undefined);
  useEffect(() => {
    if (added.length > 0) form.setValues(atFirst(added));
  });
  const last = useRef({ asked: "", key: "" });
  const keyOf = (asked: string) => {
    if (last.current.asked !== asked) last.current = { asked, key: crypto.randomUUID() };
    return last.current.key;
  };
  const doIt = useMutation({
    mutationFn: ({ reason, ...values }: Values) => act(String(reason).trim(), Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "")), keyOf(JSON.stringify([reason, values]))),
    onSuccess: async () => {
      await askedAgain();
      close();
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const { reason, ...values } = form.values;
  const isWhole = fields.every(({ name, kind, isOptional }) => kind === "act" || isOptional || (values[name] ?? "") !== "");
  return (
    <form onSubmit={form.onSubmit((filled) => doIt.mutate(filled))}>
      <Stack>
        {question && <Text>{question}</Text>}
        <ProblemAlert error={doIt.error} />
        {fields.filter((field) => !added.includes(field)).map((field) => (
          <Input key={field.name} field={field} form={form} />
        ))}
        <TextInput label={t("operator.reason")} {...form.getInputProps("reason")} />
        <Group justify="flex-end">
          <Button type="submit" loading={doIt.isPending} disabled={String(reason).trim().length < SHORTEST || !isWhole}>
            {label}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const atFirst = (fields: Field[]): Values =>
  Object.fromEntries(fields.flatMap(({ name, kind, value }) => (kind === "act" ? [] : [[name, value ?? (kind === "switch" ? false : "")]])));

function Input({ field, form }: { field: Field; form: Form }) {
  const { name, label, hint, kind = "text", options = [], isOptional, onAct } = field;
  if (kind === "act") return <Button variant="subtle" size="xs" onClick={onAct} style={{ alignSelf: "start" }}>{label}</Button>;
  const look = { label, description: hint, withAsterisk: !isOptional };
  if (kind === "switch") return <Switch label={label} description={hint} {...form.getInputProps(name, { type: "checkbox" })} />;
  const bound = form.getInputProps(name);
  if (kind === "choice") return <Select {...look} data={options} allowDeselect={isOptional} clearable={isOptional} {...bound} onChange={(value) => form.setFieldValue(name, value ?? "")} />;
  if (kind === "number") return <NumberInput {...look} allowDecimal={false} {...bound} />;
  if (kind === "secret") return <PasswordInput {...look} autoComplete="off" {...bound} />;
  return kind === "long" ? <Textarea {...look} autosize minRows={3} maxRows={8} {...bound} /> : <TextInput {...look} {...bound} />;
}
