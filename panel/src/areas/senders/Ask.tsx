import { Button, Collapse, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import { ProblemAlert } from "@/kit/States";

interface Field {
  name: string;
  label: string;
  hint?: string;
  isOptional?: boolean;
}

interface AskProps {
  fields: Field[];
  /** What hardly anybody has to fill in: folded away until it is asked for. */
  seldom?: Field[];
  button: string;
  send: (values: Record<string, string>) => Promise<unknown>;
}

/** A short form by which something is asked for or added. What is left empty is not sent. */
export function Ask({ fields, seldom = [], button, send }: AskProps) {
  const { t } = useTranslation();
  const id = useId();
  const [isOpen, { toggle, open }] = useDisclosure(false);
  const form = useForm({ initialValues: Object.fromEntries([...fields, ...seldom].map(({ name }) => [name, ""])) });
  const ask = useMutation({
    mutationFn: (values: Record<string, string>) => send(Object.fromEntries(Object.entries(values).flatMap(([name, words]) => (words.trim() ? [[name, words.trim()]] : [])))),
    onSuccess: async () => {
      form.reset();
      await askedAgain();
    },
    onError: (error) => {
      const errors = fieldErrors(error);
      form.setErrors(errors);
      if (seldom.some(({ name }) => name in errors)) open();
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => ask.mutate(values))}>
      <Stack gap="xs" maw={760}>
        <ProblemAlert error={ask.error} />
        <Inputs fields={fields} inputOf={form.getInputProps} />
        {seldom.length > 0 && (
          <>
            <Button size="compact-sm" variant="subtle" style={{ alignSelf: "flex-start" }} onClick={toggle} aria-expanded={isOpen} aria-controls={id}>
              {t(isOpen ? "senders.fewer" : "senders.advanced")}
            </Button>
            <Collapse expanded={isOpen} id={id}>
              <Inputs fields={seldom} inputOf={form.getInputProps} />
            </Collapse>
          </>
        )}
        <Button type="submit" variant="default" loading={ask.isPending} style={{ alignSelf: "flex-start" }}>
          {button}
        </Button>
      </Stack>
    </form>
  );
}

function Inputs({ fields, inputOf }: { fields: Field[]; inputOf: (name: string) => object }) {
  return (
    <SimpleGrid cols={{ base: 1, sm: Math.min(fields.length, 2) }} spacing="sm">
      {fields.map(({ name, label, hint, isOptional }) => (
        <TextInput key={name} label={label} description={hint} required={!isOptional} inputWrapperOrder={["label", "input", "description", "error"]} {...inputOf(name)} />
      ))}
    </SimpleGrid>
  );
}
