import createFetchClient from "openapi-fetch";
import createQueries from "openapi-react-query";
import type { paths, components } from "@/api/schema";
import { download, refusing, signed } from "@/api/client";
import { askingAgain } from "@/api/freshness";

export type OperatorCredentials = components["schemas"]["OperatorSessionCreate"];

/**
 * The session of an operator: of this tab alone, in memory, and without a cookie, so that a reload asks for the code again.
 * It is another one than that of an account, which may be open in the same browser.
 */
let token: string | null = null;
const whenEnded = new Set<() => void>();

export function isOperator(): boolean {
  return token !== null;
}

export function onOperatorEnd(listener: () => void): () => void {
  whenEnded.add(listener);
  return () => whenEnded.delete(listener);
}

export async function logInAsOperator(body: OperatorCredentials): Promise<void> {
  const { data } = await operatorApi.POST("/v1/operator/sessions", { body });
  token = data?.access_token ?? null;
}

export function leaveAsOperator(): void {
  token = null;
  for (const listener of whenEnded) listener();
}

async function asOperator(request: Request): Promise<Response> {
  const answer = await fetch(signed(request, token));
  if (answer.status === 401 && token) leaveAsOperator();
  return answer;
}

export const operatorApi = createFetchClient<paths>({ baseUrl: globalThis.location?.origin ?? "", fetch: asOperator });
operatorApi.use(refusing, askingAgain);

/** The PDF of an invoice, or of a duplicate of it. */
export function downloadInvoice(path: string, number: string): Promise<void> {
  return download(path, `${number.replaceAll("/", "-")}.pdf`, "application/pdf", asOperator);
}

export const operatorQueries = createQueries(operatorApi);
