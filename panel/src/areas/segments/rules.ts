import type { Schemas } from "@/api/client";

export type Rule = Schemas["Rule"];
export type Terms = Schemas["RuleTerms"];
export type Field = Terms["fields"][number];

/** A rule as it is being built: a condition, or a set of rules. */
export type Draft = Condition | RuleSet;
export interface Condition {
  kind: "condition";
  key: string;
  field: string;
  op: string;
  value?: unknown;
  accents?: boolean;
}
export interface RuleSet {
  kind: "set";
  key: string;
  holds: "all" | "any";
  /** Whoever fits the rules inside is left out. */
  isOpposite: boolean;
  rules: Draft[];
}

/** So deep people still read their own rules; what the API has that is deeper is shown and kept. */
export const DEEPEST = 6;

let last = 0;
const newKey = () => `r${(last += 1)}`;

export function newSet(rules: Draft[] = [], holds: "all" | "any" = "all"): RuleSet {
  return { kind: "set", key: newKey(), holds, isOpposite: false, rules };
}

export function newCondition(field: Field): Condition {
  return { kind: "condition", key: newKey(), field: field.name, op: field.operators[0]?.op ?? "" };
}

/** The API's rule as a set, for the one at the top is always one. */
export function draftOf(rule: Rule): RuleSet {
  const draft = read(rule);
  return draft.kind === "set" ? draft : newSet([draft]);
}

function read(rule: Rule): Draft {
  if (rule.not) {
    const inner = read(rule.not);
    const set = inner.kind === "set" && !inner.isOpposite ? inner : newSet([inner]);
    return { ...set, isOpposite: true };
  }
  if (rule.all || rule.any) return newSet((rule.all ?? rule.any ?? []).map(read), rule.all ? "all" : "any");
  const { field = "", op = "", value, accents } = rule;
  return { kind: "condition", key: newKey(), field, op, value, accents };
}

/** What the API is sent. */
export function ruleOf(draft: Draft): Rule {
  if (draft.kind === "condition") {
    const { field, op, value, accents } = draft;
    return { field, op, ...(value !== undefined && { value: value as never }), ...(accents !== undefined && { accents }) };
  }
  const inside = { [draft.holds]: draft.rules.map(ruleOf) } as Rule;
  return draft.isOpposite ? { not: inside } : inside;
}

/** The draft with the one of this key replaced, or taken out. */
export function withChanged(set: RuleSet, key: string, change: (draft: Draft) => Draft | null): RuleSet {
  const rules = set.rules.flatMap((one) => {
    const inside = one.kind === "set" ? withChanged(one, key, change) : one;
    const changed = one.key === key ? change(one) : inside;
    return changed ? [changed] : [];
  });
  return { ...set, rules };
}

/** How the operator's value is written; `none` where it takes none. */
export function valueForm(terms: Terms, { field, op }: Condition): string {
  return terms.fields.find((one) => one.name === field)?.operators.find((one) => one.op === op)?.value ?? "none";
}

/** Whether every set has rules, and every condition a value where it takes one. */
export function isComplete(draft: Draft, terms: Terms): boolean {
  if (draft.kind === "set") return draft.rules.length > 0 && draft.rules.every((one) => isComplete(one, terms));
  const form = valueForm(terms, draft);
  if (form === "none" || form === "engagement") return true;
  const { value } = draft;
  if (form.endsWith("_pair")) return Array.isArray(value) && value.length === 2 && value.every((one) => one !== "" && one != null);
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== "" && value !== null;
}
