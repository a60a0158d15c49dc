import { Badge, Button, Card, Checkbox, ColorInput, Group, Modal, SimpleGrid, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { useAllowed } from "@/areas/session/me";
import type { Column } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { EditedOrNew, fresh } from "@/kit/Edited";
import { ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Empty, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";
import { useEditing } from "@/kit/useEditing";

type One = Schemas["UnsubscribePage"];

/** The pages on which people leave, in the account's own colours. */
export function UnsubscribePages() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { search } = useListSearch();
  const mayWrite = useAllowed("email.campaigns.write");
  const [edited, setEdited] = useState<One | "new" | null>(null);
  const pages = queries.useQuery("get", "/v1/unsubscribe-pages", { params: { query: { limit: 50, cursor: search.cursor } } });
  const reasons = (one: One) => Object.values(one.reasons ?? {}).reduce((sum: number, count) => sum + Number(count), 0);
  const columns: Column<One>[] = [
    {
      name: "name",
      header: t("leaving.name"),
      cell: (one) => (
        <Group gap="xs">
          <Text fw={600}>{one.name}</Text>
          {one.is_default && (
            <Badge variant="light" tt="none">
              {t("leaving.isDefault")}
            </Badge>
          )}
        </Group>
      ),
    },
    { name: "brand", header: t("leaving.brand"), cell: (one) => one.brand.name },
    { name: "reasons", header: t("leaving.reasons"), cell: (one) => number(reasons(one)), isNumber: true },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) =>
        mayWrite && (
          <Group gap="xs" wrap="nowrap">
            <Button size="xs" variant="default" onClick={() => setEdited(one)} aria-label={t("act.editNamed", { name: one.name })}>
              {t("act.edit")}
            </Button>
            <DeleteButton
              size="xs"
              of={one}
              look={() => bodyOf(api.GET("/v1/unsubscribe-pages/{page_id}", { params: { path: { page_id: one.id } } }))}
              question={({ name }) => t("leaving.deleteAsk", { name })}
              remove={(header) => api.DELETE("/v1/unsubscribe-pages/{page_id}", { params: { path: { page_id: one.id }, header } })}
            />
          </Group>
        ),
    },
  ];
  const add = mayWrite && <Button onClick={() => setEdited("new")}>{t("leaving.new")}</Button>;
  return (
    <Page title={t("leaving.title")} lead={t("leaving.lead")} actions={add}>
      {edited && <EditPage page={edited === "new" ? null : edited} close={() => setEdited(null)} />}
      <ListOf label={t("leaving.title")} of={pages} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("leaving.none")}>{t("leaving.noneHint")}</Empty>} />
    </Page>
  );
}

type Texts = Schemas["PageTexts"];

/** What the page says besides; of those that may be empty it then says Wici's own, or has no such button. */
const MORE = ["leave_all", "lists", "leave_lists", "lists_done", "done_title", "done", "why", "thanks"] as const;
const MAY_BE_EMPTY: readonly string[] = ["leave_all", "lists", "leave_lists", "lists_done"];

function moreOf(texts: Texts) {
  return Object.fromEntries(MORE.map((name) => [name, texts[name] ?? ""])) as Record<(typeof MORE)[number], string>;
}

function moreTexts(more: Record<string, string>): Partial<Texts> {
  return Object.fromEntries(MORE.map((name) => [name, more[name] || (MAY_BE_EMPTY.includes(name) ? null : "")]));
}

/** What a page says where its maker has said nothing else. */
function useSampleTexts(): Texts {
  const { t } = useTranslation();
  return {
    title: t("leaving.sampleTitle"),
    text: t("leaving.sampleText"),
    leave: t("leaving.sampleLeave"),
    done_title: t("leaving.sampleDoneTitle"),
    done: t("leaving.sampleDone"),
    why: t("leaving.sampleWhy"),
    thanks: t("leaving.sampleThanks"),
    reasons: { too_many: t("leaving.sampleTooMany"), not_mine: t("leaving.sampleNotMine"), not_for_me: t("leaving.sampleNotForMe") },
  };
}

function EditPage({ page, close }: { page: One | null; close: () => void }) {
  const { t } = useTranslation();
  const opened = queries.useQuery("get", "/v1/unsubscribe-pages/{page_id}", { params: { path: { page_id: page?.id ?? "" } } }, fresh(page));
  return (
    <Modal opened onClose={close} size="xl" title={page?.name ?? t("leaving.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <EditedOrNew isNew={!page} of={opened}>
        {(found) => <Form page={found} close={close} />}
      </EditedOrNew>
    </Modal>
  );
}

function Form({ page, close }: { page: One | null; close: () => void }) {
  const { t, i18n } = useTranslation();
  const language = i18n.language;
  const samples = useSampleTexts();
  const before: Texts = { ...samples, ...page?.texts?.[language] };
  const { form, save, submit } = useEditing({
    initialValues: {
      name: page?.name ?? "",
      brand: page?.brand.name ?? "",
      background: page?.brand.background ?? "#ffffff",
      text: page?.brand.text ?? "#1d2129",
      button: page?.brand.button ?? "#b3261e",
      button_text: page?.brand.button_text ?? "#ffffff",
      title: before.title,
      words: before.text,
      leave: before.leave,
      more: moreOf(before),
      is_default: page?.is_default ?? true,
    },
    send: ({ name, brand, background, text, button, button_text, title, words, leave, more, is_default }, header) => {
      const texts = { ...page?.texts, [language]: { ...before, ...moreTexts(more), title, text: words, leave } };
      const body = { name, brand: { ...page?.brand, name: brand, background, text, button, button_text }, texts, ...(is_default && { is_default: true as const }) };
      if (!page) return bodyOf(api.POST("/v1/unsubscribe-pages", { body: body as Schemas["UnsubscribePageCreate"] }));
      const params = { path: { page_id: page.id }, header };
      return bodyOf(api.PATCH("/v1/unsubscribe-pages/{page_id}", { params, body: body as Schemas["UnsubscribePageUpdate"] }));
    },
    onSaved: close,
    names: { "brand.name": "brand", ...Object.fromEntries(MORE.map((name) => [`texts.${language}.${name}`, `more.${name}`])) },
  });
  return (
    <form onSubmit={submit}>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Stack>
          <ProblemAlert error={save.error} />
          <TextInput label={t("leaving.name")} description={t("campaigns.nameHint")} required autoFocus data-autofocus {...form.getInputProps("name")} />
          <TextInput label={t("leaving.brand")} required {...form.getInputProps("brand")} />
          <TextInput label={t("leaving.heading")} {...form.getInputProps("title")} />
          <Textarea label={t("leaving.words")} autosize minRows={2} {...form.getInputProps("words")} />
          <TextInput label={t("leaving.leave")} {...form.getInputProps("leave")} />
          {MORE.map((name) => (
            <TextInput key={name} label={t(`leaving.more.${name}`)} required={!MAY_BE_EMPTY.includes(name)} {...form.getInputProps(`more.${name}`)} />
          ))}
          {(["background", "text", "button", "button_text"] as const).map((name) => (
            <ColorInput key={name} label={t(`leaving.colours.${name}`)} withEyeDropper={false} {...form.getInputProps(name)} />
          ))}
          <Checkbox label={t("leaving.isDefaultHint")} {...form.getInputProps("is_default", { type: "checkbox" })} />
          <Button type="submit" loading={save.isPending}>
            {t("act.save")}
          </Button>
        </Stack>
        <LooksLike values={form.values} />
      </SimpleGrid>
    </form>
  );
}

interface Look {
  brand: string;
  background: string;
  text: string;
  button: string;
  button_text: string;
  title: string;
  words: string;
  leave: string;
}

/** A picture of the page, and no part of it that can be pressed. */
function LooksLike({ values }: { values: Look }) {
  const { t } = useTranslation();
  return (
    <section aria-label={t("leaving.looks")}>
      <Card withBorder aria-hidden style={{ background: values.background, color: values.text }}>
        <Stack>
          <Text fw={600}>{values.brand}</Text>
          <Title order={3}>{values.title}</Title>
          <Text>{values.words}</Text>
          <Text component="span" px="md" py="xs" fw={600} style={{ background: values.button, color: values.button_text, borderRadius: 6, alignSelf: "flex-start" }}>
            {values.leave}
          </Text>
        </Stack>
      </Card>
    </section>
  );
}
