import { Button, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { fieldErrors } from "@/api/refusal";
import { ProblemAlert } from "@/kit/States";

interface AskProps {
  fields: { name: string; label: string; hint?: string; isOptional?: boolean }[];
  button: string;
  send: (values: Record<string, string>) => Promise<unknown>;
}

/** A short form by which something is asked for or added. What is left empty is not sent. */
export function Ask({ fields, button, send }: AskProps) {
  const known = useQueryClient();
  const form = useForm({ initialValues: Object.fromEntries(fields.map(({ name }) => [name, ""])) });
  const ask = useMutation({
    mutationFn: (values: Record<string, string>) => send(Object.fromEntries(Object.entries(values).flatMap(([name, words]) => (words.trim() ? [[name, words.trim()]] : [])))),
    onSuccess: async () => {
      form.reset();
      await known.invalidateQueries();
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <form onSubmit={form.onSubmit((values) => ask.mutate(values))}>
      <Stack gap="xs" maw={760}>
        <ProblemAlert error={ask.error} />
        <SimpleGrid cols={{ base: 1, sm: Math.min(fields.length, 2) }} spacing="sm">
          {fields.map(({ name, label, hint, isOptional }) => (
            <TextInput key={name} label={label} description={hint} required={!isOptional} inputWrapperOrder={["label", "input", "description", "error"]} {...form.getInputProps(name)} />
          ))}
        </SimpleGrid>
        <Button type="submit" variant="default" loading={ask.isPending} style={{ alignSelf: "flex-start" }}>
          {button}
        </Button>
      </Stack>
    </form>
  );
}
