import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { nameOf } from "@/areas/contacts/names";

/** Chooses as whom a content is shown: an invented person, or any contact. */
export function PreviewAs({ value, change }: { value: string | null; change: (contactId: string | null) => void }) {
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  const [q] = useDebouncedValue(words, 300);
  const found = queries.useQuery("get", "/v1/contacts", { params: { query: { limit: 20, q: q || undefined } } }, { placeholderData: keepPreviousData });
  return (
    <Select
      label={t("preview.as")}
      placeholder={t("preview.sample")}
      data={found.data?.items.map((contact) => ({ value: contact.id, label: nameOf(contact) })) ?? []}
      filter={({ options }) => options}
      searchable
      clearable
      clearButtonProps={{ "aria-label": t("act.clear") }}
      onSearchChange={setWords}
      nothingFoundMessage={t("contacts.noneFits")}
      value={value}
      onChange={change}
    />
  );
}
