import { Alert, Button, Card, Group, NumberInput, Select, Stack, Text, Title } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { StepButtons, type StepProps } from "@/areas/campaigns/CampaignWizard";
import { WHAT } from "@/areas/campaigns/contentSteps";
import { lacksOf, type Part, PartContext, useSaveDraft } from "@/areas/campaigns/draft";
import { gistOf } from "@/areas/campaigns/gist";
import { StepProblems } from "@/areas/campaigns/StepProblems";
import { CHANNELS, useChannelName } from "@/kit/channel";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { useListSearch } from "@/kit/search";

const FEWEST = 2;
const MOST = 5;
/** Channels that tell whether a message was read. */
const TELL_READING = ["email", "push", "whatsapp", "viber", "rcs"];

/** How often the chain was to be left and could not be, and why it was not saved the last time. */
interface Left {
  tries: number;
  error: unknown;
}

/** A campaign over several channels: the chain of its steps, or the one that is written now; which one is in the address. */
export function ChainStep({ campaign, goTo }: StepProps) {
  const navigate = useNavigate();
  const { search } = useListSearch();
  const [left, setLeft] = useState<Left>({ tries: 0, error: null });
  const steps = campaign.steps ?? [];
  const place = Number(search.part) - 1;
  const part = steps[place];
  const What = part && WHAT[part.channel];
  const write = (at: number | null) => void navigate({ to: ".", search: { step: "what", ...(at !== null && { part: String(at + 1) }) } as never });
  if (!part || !What) return <Chain key={JSON.stringify(steps)} campaign={campaign} goTo={goTo} write={write} left={left} setLeft={setLeft} />;
  const alone = { ...campaign, channel: part.channel, sender: part.sender ?? null, content: part.content ?? {}, steps: null };
  return (
    <PartContext value={{ steps, place }}>
      <What key={place} campaign={alone} goTo={() => write(null)} />
    </PartContext>
  );
}

interface ChainProps extends StepProps {
  write: (place: number) => void;
  left: Left;
  setLeft: (left: Left) => void;
}

function Chain({ campaign, goTo, write, left, setLeft }: ChainProps) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const save = useSaveDraft(campaign.id);
  const [steps, setSteps] = useState(campaign.steps ?? []);
  const [added, setAdded] = useState<Part["channel"]>("sms");
  const keep = (next: Part[]) => {
    setSteps(next);
    save.keep({ steps: next }).catch(() => undefined);
  };
  const remove = async (place: number) => {
    const others = steps.filter((_, at) => at !== place);
    await save.keep({ steps: others });
    setSteps(others);
  };
  const goOn = () => goTo("when");
  const lacking = steps.flatMap((part, place) => {
    const what = lacksOf(part).map((one) => t(`wizard.lacks.${one}`)).join(", ");
    return what ? [{ words: t("chain.lacks", { place: place + 1, channel: channelName(part.channel), what }), go: () => write(place) }] : [];
  });
  const leave = async () => {
    const error: unknown = await save.keep({ steps }).then(() => null, (refusal: unknown) => refusal);
    if (!error && lacking.length === 0) return goOn();
    setLeft({ tries: left.tries + 1, error });
  };
  const swap = (place: number) => keep(steps.map((one, at) => (at === place ? (steps[place + 1] ?? one) : at === place + 1 ? (steps[place] ?? one) : one)));
  return (
    <Stack maw={760}>
      <Title order={2} size="h4">
        {t("chain.title")}
      </Title>
      <Text>{t("chain.lead")}</Text>
      <StepProblems of={{ tries: left.tries, error: null, problems: left.tries > 0 && !left.error ? lacking : [], goOn }} error={left.error ?? save.error} />
      <Stack component="ol" gap="xs" p={0} m={0} style={{ listStyle: "none" }}>
        {steps.map((part, place) => (
          <li key={`${place}${part.channel}`}>
            <One
              part={part}
              place={place}
              write={() => write(place)}
              up={place > 0 ? () => swap(place - 1) : null}
              remove={steps.length > FEWEST ? () => remove(place) : null}
            />
            {place < steps.length - 1 && (
              <GoOn part={part} change={(changed) => setSteps(steps.map((one, at) => (at === place ? changed : one)))} keep={() => keep(steps)} />
            )}
          </li>
        ))}
      </Stack>
      {steps.length < MOST && (
        <Group align="flex-end" gap="xs">
          <Select label={t("chain.added")} data={CHANNELS.map((channel) => ({ value: channel, label: channelName(channel) }))} value={added} onChange={(channel) => channel && setAdded(channel as Part["channel"])} allowDeselect={false} />
          <Button variant="light" onClick={() => keep([...steps, { channel: added } as Part])}>
            {t("chain.add")}
          </Button>
        </Group>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void leave();
        }}
      >
        <StepButtons back={() => goTo("who")} submit={t("wizard.next")} isBusy={save.isPending} />
      </form>
    </Stack>
  );
}

interface OneProps {
  part: Part;
  place: number;
  write: () => void;
  /** Null for the first. */
  up: (() => void) | null;
  /** Null while there are no more than a chain has to have. */
  remove: (() => Promise<unknown>) | null;
}

/** A step: what it says, what it lacks, and its place among the others. */
function One({ part, place, write, up, remove }: OneProps) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  return (
    <Card withBorder>
      <Group justify="space-between">
        <div>
          <Text fw={600}>
            {place + 1}. {channelName(part.channel)}
          </Text>
          <Text size="sm" lineClamp={2}>
            {gistOf(part.content ?? {}, t("wizard.subject"))}
          </Text>
          <Lacks part={part} />
        </div>
        <Group gap="xs">
          <Button size="xs" variant={lacksOf(part).length > 0 ? "filled" : "default"} onClick={write} aria-label={t("chain.writeNamed", { place: place + 1 })}>
            {t("chain.write")}
          </Button>
          {up && (
            <Button size="xs" variant="default" onClick={up} aria-label={t("chain.upNamed", { place: place + 1 })}>
              ↑
            </Button>
          )}
          {remove && (
            <ConfirmButton
              size="xs" label={t("act.delete")} aria-label={t("chain.removeNamed", { place: place + 1 })}
              question={t("chain.removeAsk", { place: place + 1, channel: channelName(part.channel) })} act={remove}
            />
          )}
        </Group>
      </Group>
    </Card>
  );
}

function Lacks({ part }: { part: Part }) {
  const { t } = useTranslation();
  const lacks = lacksOf(part);
  if (lacks.length === 0) return null;
  return (
    <Alert color="orange" variant="light" p={6} mt={4}>
      <Text size="sm">{t("wizard.missing", { what: lacks.map((one) => t(`wizard.lacks.${one}`)).join(", ") })}</Text>
    </Alert>
  );
}

/** Between two steps: when the second takes over. */
function GoOn({ part, change, keep }: { part: Part; change: (part: Part) => void; keep: () => void }) {
  const { t } = useTranslation();
  const put = (name: "not_delivered_minutes" | "not_read_hours") => (value: string | number) =>
    change({ ...part, go_on: { ...part.go_on, [name]: typeof value === "number" ? value : null } });
  const look = { size: "xs", w: 190, min: 1, allowDecimal: false, onBlur: keep } as const;
  return (
    <Stack gap={4} py="xs" ps="md" ms="md" style={{ borderInlineStart: "2px solid var(--mantine-color-default-border)" }}>
      <Text size="sm">↓ {t("chain.goOn")}</Text>
      <Group gap="sm" align="flex-end">
        {part.channel !== "push" && <NumberInput {...look} label={t("chain.notDelivered")} value={part.go_on?.not_delivered_minutes ?? ""} onChange={put("not_delivered_minutes")} />}
        {TELL_READING.includes(part.channel) && <NumberInput {...look} label={t("chain.notRead")} value={part.go_on?.not_read_hours ?? ""} onChange={put("not_read_hours")} />}
      </Group>
    </Stack>
  );
}
