import { Button, ColorInput, Group, NumberInput, Select, Stack, Text, TextInput, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { Variables } from "@/areas/campaigns/Variables";
import type { Component, Editor } from "@/areas/mailEditor/grapes";
import { copyPart, movePart, PARTS, type PartTag, tagOf } from "@/areas/mailEditor/moves";
import { useInsertion } from "@/kit/useInsertion";

type Kind = "colour" | "pixels" | "address" | "words" | "side" | "picture";
const ALIGN = { "align": "side" } as const;
const PROPERTIES: Record<string, Partial<Record<Attribute, Kind>>> = {
  "mj-text": { ...ALIGN, "color": "colour", "font-size": "pixels" },
  "mj-button": { "href": "address", ...ALIGN, "background-color": "colour", "color": "colour", "border-radius": "pixels" },
  "mj-image": { "src": "picture", "alt": "words", "href": "address", ...ALIGN, "width": "pixels" },
  "mj-divider": { "border-color": "colour", "border-width": "pixels" },
  "mj-spacer": { "height": "pixels" },
  "mj-section": { "background-color": "colour", "padding": "words" },
  "mj-column": { "background-color": "colour", "padding": "words" },
};
type Attribute =
  | "align" | "color" | "font-size" | "href" | "background-color" | "border-radius" | "src" | "alt" | "width" | "border-color"
  | "border-width" | "height" | "padding";

/** What can be set of the part that is chosen; what is empty is as the mail's head says. */
export function Properties({ editor, selected }: { editor: Editor; selected: Component | null }) {
  const { t } = useTranslation();
  const part = nearestPart(selected);
  if (!part) return <Text size="sm">{t("dragDrop.choose")}</Text>;
  const tag = tagOf(part) as PartTag;
  return (
    <Stack gap="xs">
      <Text fw={600}>{t(`dragDrop.part.${tag}`)}</Text>
      {(tag === "mj-text" || tag === "mj-button") && <Words part={part} />}
      {Object.entries(PROPERTIES[tag] ?? {}).map(([name, kind]) => (
        <Property key={name} part={part} name={name as Attribute} kind={kind} />
      ))}
      <Group gap={6}>
        <Button size="compact-sm" variant="default" onClick={() => movePart(editor, part, -1)}>
          {t("dragDrop.up")}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => movePart(editor, part, 1)}>
          {t("dragDrop.down")}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => copyPart(editor, part)}>
          {t("act.duplicate")}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => part.remove()}>
          {t("act.delete")}
        </Button>
      </Group>
    </Stack>
  );
}

/** The part itself, or the one that what was pressed is inside of. */
function nearestPart(selected: Component | null): Component | null {
  let part = selected ?? undefined;
  while (part && !PARTS.includes(tagOf(part) as PartTag)) part = part.parent();
  return part ?? null;
}

function Words({ part }: { part: Component }) {
  const { t } = useTranslation();
  const [text, setText] = useState(() => part.getInnerHTML());
  const write = (words: string) => {
    setText(words);
    part.components(words);
  };
  const { field, insert } = useInsertion<HTMLTextAreaElement>(text, write);
  return (
    <>
      <Textarea label={t("dragDrop.text")} description={t("dragDrop.textHint")} autosize minRows={3} maxRows={8} value={text} onChange={(event) => write(event.currentTarget.value)} {...field} />
      <Variables channel="email" insert={insert} />
    </>
  );
}

function Property({ part, name, kind }: { part: Component; name: Attribute; kind: Kind }) {
  const { t } = useTranslation();
  const [value, setValue] = useState(() => String(part.getAttributes()[name] ?? (name === "src" ? (part.get("src") ?? "") : "")));
  const write = (wanted: string) => {
    setValue(wanted);
    if (wanted) part.addAttributes({ [name]: wanted });
    else part.removeAttributes(name);
    if (name === "src") part.set("src", wanted);
  };
  const look = { size: "xs", label: t(`dragDrop.property.${name}`) } as const;
  if (kind === "colour") return <ColorInput {...look} value={value} onChange={write} eyeDropperButtonProps={{ "aria-label": t("dragDrop.pick") }} />;
  if (kind === "pixels") {
    return <NumberInput {...look} suffix=" px" min={0} max={600} allowDecimal={false} value={value ? parseInt(value, 10) : ""} onChange={(pixels) => write(pixels === "" ? "" : `${pixels}px`)} hideControls />;
  }
  if (kind === "side") {
    const sides = ["left", "center", "right"] as const;
    return <Select {...look} data={sides.map((side) => ({ value: side, label: t(`dragDrop.side.${side}`) }))} value={value || null} placeholder="–" onChange={(side) => write(side ?? "")} />;
  }
  return (
    <>
      {kind === "picture" && <Pictures choose={write} />}
      <TextInput {...look} value={value} onChange={(event) => write(event.currentTarget.value)} />
    </>
  );
}

/** One of the account's own pictures. */
function Pictures({ choose }: { choose: (url: string) => void }) {
  const { t } = useTranslation();
  const files = queries.useQuery("get", "/v1/files", { params: { query: { limit: 200 } } });
  const pictures = files.data?.items.filter((file) => file.media_type.startsWith("image/")) ?? [];
  if (pictures.length === 0) return null;
  return <Select size="xs" label={t("dragDrop.picture")} data={pictures.map((file) => ({ value: file.url, label: file.filename }))} onChange={(url) => url && choose(url)} searchable value={null} />;
}
