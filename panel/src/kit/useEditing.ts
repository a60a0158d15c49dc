import { useForm, type UseFormInput } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { use } from "react";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import { EditContext } from "@/kit/ChangedMeanwhile";

/** As Mantine has it: one of unknowns would take no interface. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Values = Record<string, any>;

/** Which version of a thing a request is about (RFC 9110, section 13.1.1). */
export interface IfMatch {
  "If-Match": string;
}

interface Editing<V extends Values, Saved extends object> extends Omit<UseFormInput<V>, "onValuesChange"> {
  /** Asks the API for it, with the header where the thing is not new. */
  send: (values: V, header: IfMatch) => Promise<Saved>;
  onSaved?: (saved: Saved) => unknown;
  /** Which fields of the API stand where in the form, if by other names. */
  names?: Record<string, string>;
}

/** Mantine's form, for what an `Edited` around it shows. */
export function useEditForm<V extends Values>(input: Omit<UseFormInput<V>, "onValuesChange">) {
  return useForm<V>({ ...input, onValuesChange: use(EditContext).keep });
}

/** The same with the save of it: what is refused stands at its field, and all that the panel knows is asked for again. */
export function useEditing<V extends Values, Saved extends object>({ send, onSaved, names, ...input }: Editing<V, Saved>) {
  const edit = use(EditContext);
  const form = useEditForm<V>(input);
  const save = useMutation({
    mutationFn: (values: V) => send(values, { "If-Match": edit.tag() }),
    onSuccess: async (saved) => {
      edit.saved(saved);
      await askedAgain();
      await onSaved?.(saved);
    },
    onError: (error) => {
      edit.refused(error);
      form.setErrors(fieldErrors(error, names));
    },
  });
  return { form, save, submit: form.onSubmit((values) => save.mutate(values)) };
}
