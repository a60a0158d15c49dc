import type { BlockName, Component, Editor } from "@/areas/mailEditor/grapes";

/** What stands in a mail as a part of its own, by the tag of MJML. */
export const PARTS = ["mj-section", "mj-column", "mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer"] as const;
export type PartTag = (typeof PARTS)[number];
const ROWS: BlockName[] = ["oneColumn", "twoColumns"];
/** What stands in columns. */
const ELEMENTS = ["mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer"];
const NEW_ROW = `<mj-section background-color="#ffffff"><mj-column></mj-column></mj-section>`;
const CAN_STAND_IN = { row: "mj-body", element: "mj-column" } as const;

export function tagOf(part: Component): string {
  return part.get("tagName") ?? "";
}

/** Puts a block behind what is chosen, or at the end of the mail. */
export function addBlock(editor: Editor, name: BlockName, selected: Component | null): void {
  const content = editor.Blocks.get(name)?.getContent() as string;
  const home = ROWS.includes(name) ? CAN_STAND_IN.row : CAN_STAND_IN.element;
  let before: Component | undefined;
  let within = selected ?? undefined;
  while (within && tagOf(within) !== home) [before, within] = [within, within.parent()];
  within ??= lastOf(editor.getWrapper(), home);
  const added = within?.append(content, before ? { at: before.index() + 1 } : {});
  if (added?.[0]) editor.select(added[0]);
}

function lastOf(parent: Component | undefined, tag: string): Component | undefined {
  for (const part of parent?.components().models.toReversed() ?? []) {
    const found = tagOf(part) === tag ? part : lastOf(part, tag);
    if (found) return found;
  }
  return undefined;
}

export const isElementTag = (tag: string) => ELEMENTS.includes(tag);
export const isElement = (part: Component) => isElementTag(tagOf(part));

/**
 * Where an element was dropped beside a column, or between two rows: puts it into the nearest column, or into a row of its
 * own. In a mail that is full, what a hand aims at is mostly such a border.
 */
export function settle(editor: Editor, part: Component | undefined): void {
  const home = part?.parent();
  if (!part || !home || !isElement(part)) return;
  if (tagOf(home) === "mj-section") intoColumn(part, home);
  else if (tagOf(home) === "mj-body") part.move(lastOf(home.append(NEW_ROW, { at: part.index() })[0], "mj-column") ?? home, { at: 0 });
  else return;
  editor.select(part);
}

function intoColumn(part: Component, row: Component): void {
  const columns = row.components().models.filter((one) => tagOf(one) === "mj-column");
  const before = columns.filter((one) => one.index() < part.index()).at(-1);
  const column = before ?? columns[0] ?? row.append("<mj-column></mj-column>", { at: 0 })[0];
  if (column) part.move(column, { at: before ? column.components().length : 0 });
}

/** Moves a part among those that stand beside it. */
export function movePart(editor: Editor, part: Component, by: -1 | 1): void {
  const parent = part.parent();
  const others = parent?.components().models.filter((one) => tagOf(one).startsWith("mj-")) ?? [];
  const neighbour = others[others.indexOf(part) + by];
  if (!parent || !neighbour) return;
  part.move(parent, { at: neighbour.index() + (by > 0 ? 1 : 0) });
  editor.select(part);
}

/** A copy behind the part. */
export function copyPart(editor: Editor, part: Component): void {
  const added = part.parent()?.append(part.clone(), { at: part.index() + 1 });
  if (added?.[0]) editor.select(added[0]);
}

export interface Outlined {
  part: Component;
  tag: PartTag;
  depth: number;
  words: string;
}

/** The parts of a mail in their order, as a list for who does not see or point. */
export function outlineOf(editor: Editor): Outlined[] {
  const found: Outlined[] = [];
  const walk = (parent: Component, depth: number) =>
    parent.components().models.forEach((part: Component) => {
      const tag = tagOf(part) as PartTag;
      const isPart = PARTS.includes(tag);
      if (isPart) found.push({ part, tag, depth, words: wordsOf(part, tag) });
      if (tag !== "mj-text" && tag !== "mj-button") walk(part, depth + (isPart ? 1 : 0));
    });
  const mail = editor.getWrapper();
  if (mail) walk(mail, 0);
  return found;
}

function wordsOf(part: Component, tag: PartTag): string {
  if (tag === "mj-image") return String(part.getAttributes().alt ?? "");
  if (tag !== "mj-text" && tag !== "mj-button") return "";
  return part.getInnerHTML().replace(/<[^>]+>/g, " ").replace(/&nbsp;/g, " ").replace(/\s+/g, " ").trim().slice(0, 40);
}
