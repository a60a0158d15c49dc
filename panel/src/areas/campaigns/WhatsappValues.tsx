import { Text, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Variables } from "@/areas/campaigns/Variables";
import type { WhatsappForm } from "@/areas/campaigns/whatsappForm";
import type { TemplateParts } from "@/areas/campaigns/whatsappTemplate";
import { useInsertion } from "@/kit/useInsertion";

/** What stands for the places of a template: its header, {{1}} and {{2}} of its body, the ends of its links. */
export function WhatsappValues({ form, parts }: { form: UseFormReturnType<WhatsappForm>; parts: TemplateParts }) {
  const { t } = useTranslation();
  const [last, setLast] = useState(0);
  const { header, values, buttons } = parts;
  const { body, urls } = form.values;
  const put = (place: number, words: string) => form.setFieldValue("body", Array.from({ length: values }, (_, one) => (one === place ? words : (body[one] ?? ""))));
  const { field, insert } = useInsertion<HTMLInputElement>(body[last] ?? "", (words) => put(last, words));
  return (
    <>
      {header?.takesText && <TextInput label={t("whatsapp.header")} description={header.text} {...form.getInputProps("header")} />}
      {header && header.format !== "TEXT" && <TextInput label={t(`whatsapp.media.${header.format}`)} placeholder="https://" {...form.getInputProps("headerLink")} />}
      <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
        {parts.body}
      </Text>
      {Array.from({ length: values }, (_, place) => (
        <TextInput
          key={place}
          label={t("whatsapp.value", { place: `{{${place + 1}}}` })}
          value={body[place] ?? ""}
          error={form.errors[`body.${place}`]}
          onFocus={() => setLast(place)}
          {...(place === last && field)}
          onChange={(event) => put(place, event.currentTarget.value)}
        />
      ))}
      {values > 0 && <Variables channel="whatsapp" insert={insert} />}
      {buttons
        .filter((one) => one.takesUrl)
        .map(({ index, text, url }) => (
          <TextInput
            key={index}
            label={t("whatsapp.urlEnd", { name: text })}
            description={url}
            value={urls[index] ?? ""}
            onChange={(event) => form.setFieldValue("urls", { ...urls, [index]: event.currentTarget.value })}
          />
        ))}
    </>
  );
}
