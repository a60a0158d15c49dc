import { Select, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { nameOf } from "@/areas/contacts/names";

interface ContactChoiceProps extends Pick<SelectProps, "label" | "placeholder" | "required"> {
  value: string | null;
  /** `name`: what they are called. */
  change: (contactId: string | null, name: string) => void;
}

/** Chooses one of the contacts, found by words. */
export function ContactChoice({ change, ...look }: ContactChoiceProps) {
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  const [q] = useDebouncedValue(words, 300);
  const found = queries.useQuery("get", "/v1/contacts", { params: { query: { limit: 20, q: q || undefined } } }, { placeholderData: keepPreviousData });
  return (
    <Select
      {...look}
      data={found.data?.items.map((contact) => ({ value: contact.id, label: nameOf(contact) })) ?? []}
      filter={({ options }) => options}
      searchable
      clearable
      clearButtonProps={{ "aria-label": t("act.clear") }}
      onSearchChange={setWords}
      nothingFoundMessage={t("contacts.noneFits")}
      onChange={(id, option) => change(id, option?.label ?? "")}
    />
  );
}
