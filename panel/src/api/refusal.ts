import type { components } from "@/api/schema";

export type Problem = components["schemas"]["Problem"];
export type FieldProblem = { field: string; code: string; detail: string };

const UNREADABLE = "unreadable";

/** What the API answered instead of what was asked for: a problem (RFC 9457), or nothing that can be read. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: FieldProblem[];
  readonly requestId: string;
  readonly permission: string;
  /** Of what is there now, where the request was about an older version. */
  readonly tag: string;

  constructor(problem: Partial<Problem>, status: number) {
    super(problem.detail ?? problem.title ?? "");
    this.status = status;
    this.code = problem.code ?? UNREADABLE;
    this.fields = (problem.errors ?? []) as FieldProblem[];
    this.requestId = problem.request_id ?? "";
    this.permission = String((problem as { permission?: string }).permission ?? "");
    this.tag = String((problem as { etag?: string }).etag ?? "*");
  }

  /** Somebody else was first. */
  get isOfOlderVersion(): boolean {
    return this.code === "precondition.failed";
  }

  /** The log-in is too old for what was asked: it can be proved who is there. */
  get wantsProof(): boolean {
    return this.code === "session.proof_required";
  }

  static of(error: unknown, response: Response): Refusal {
    return new Refusal(typeof error === "object" && error !== null ? error : {}, response.status);
  }
}

export function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal({ detail: error instanceof Error ? error.message : "" }, 0);
}

/**
 * The problems by the field of a form; a form whose names differ from the API's says which name is which.
 * What belongs to a part of a field (`to.3`) stands at the field.
 */
export function fieldErrors(error: unknown, names: Record<string, string> = {}): Record<string, string> {
  const found: Record<string, string> = {};
  for (const problem of refusalOf(error).fields) {
    const known = Object.keys(names).find((name) => problem.field === name || problem.field.startsWith(`${name}.`));
    const field = known ? names[known] : problem.field.split(".")[0];
    if (field) found[field] ??= problem.detail;
  }
  return found;
}
