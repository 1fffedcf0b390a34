/**
 * Asks a Placet verifier before personal data is touched. Every failure is a deny: `decide` neither throws nor returns
 * anything between permit and deny.
 *
 * The types in `verifier.ts` are generated from the OpenAPI document of the verifier: do not edit them.
 */
import createClient, { type Client } from "openapi-fetch";

import type { components, paths } from "./verifier.js";

type Schemas = components["schemas"];
/** May this be done with this person's data, now? */
export type Question = Schemas["EvaluationBody"];
export type Questions = Schemas["EvaluationsBody"];
export type Answer = Schemas["EvaluationAnswer"];
export type Access = Schemas["ReportedAccess"];
export type Reported = Schemas["Reported"];
export type Problem = Schemas["Problem"];

/** A permit is good for a second, so an answer that takes longer is of no use. */
export const DECISION_TIMEOUT_MS = 1000;
/** A report is on the verifier's disk when it is answered. */
export const CALL_TIMEOUT_MS = 10_000;

/** Permit, or deny with a reason for people and a code for programs. */
export type Decision =
  | { permitted: true; evaluationId: string; answer: Answer }
  | { permitted: false; code: string; why: string; answer?: Answer };

/** A call other than a decision was refused, or could not be made. */
export class VerifierError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "VerifierError";
  }
}

export interface Options {
  /** The verifier's token. */
  token?: string;
  /** Milliseconds that a decision may take. */
  decisionTimeoutMs?: number;
}

export class Verifier {
  /** Every call of the interface, typed: `verifier.api.POST("/v1/customers/merge", …)`. */
  readonly api: Client<paths>;
  readonly #decisionTimeoutMs: number;

  constructor(url: string, options: Options = {}) {
    this.#decisionTimeoutMs = options.decisionTimeoutMs ?? DECISION_TIMEOUT_MS;
    this.api = createClient<paths>({
      baseUrl: url.replace(/\/+$/, ""),
      // A redirect would carry the question, and the token, elsewhere.
      redirect: "error",
      headers: options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` },
    });
  }

  /** Permit or deny. Never throws. */
  async decide(question: Question): Promise<Decision> {
    try {
      const { data, error, response } = await this.api.POST("/access/v1/evaluation", {
        body: question,
        signal: AbortSignal.timeout(this.#decisionTimeoutMs),
      });
      if (response.status !== 200 || data === undefined) return refused(response.status, error);
      return decision(data);
    } catch (fault) {
      return failed(fault);
    }
  }

  /** Whether it is permitted, now. Whatever goes wrong, it is not. */
  async permits(question: Question): Promise<boolean> {
    return (await this.decide(question)).permitted;
  }

  /**
   * Decisions on several questions, as many as there are questions. One that was not worked off, because the semantic ended
   * before it, is a deny. Where there is no question there is one deny, so that all of the answers are never permits by being
   * none. Never throws.
   */
  async decideMany(questions: Questions): Promise<Decision[]> {
    const count = questions?.evaluations?.length ?? 0;
    if (count === 0) return [deny("malformed", "there is no question; ask a single one with decide")];
    const all = (one: Decision): Decision[] => Array.from({ length: count }, () => one);
    try {
      const { data, error, response } = await this.api.POST("/access/v1/evaluations", {
        body: questions,
        signal: AbortSignal.timeout(this.#decisionTimeoutMs),
      });
      if (response.status !== 200 || data === undefined) return all(refused(response.status, error));
      const answers = data.evaluations;
      if (!Array.isArray(answers) || answers.length > count) return all(deny("malformed", "the answer is malformed"));
      return Array.from({ length: count }, (_, at) => {
        const answer = answers[at];
        return answer === undefined ? deny("not_asked", "an earlier decision ended the call") : decision(answer);
      });
    } catch (fault) {
      return all(failed(fault));
    }
  }

  /** Reports what was really done. To report again after an error may report twice, which is better than never. */
  async report(accesses: Access[]): Promise<Reported> {
    const { data, error } = await this.api.POST("/access/v1/reports", {
      body: { accesses },
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    if (data === undefined) throw new VerifierError(code(error), detail(error));
    return data;
  }
}

/** Whatever a body may be, only the word `true` in its place is a permit. */
function decision(answer: Answer): Decision {
  const evaluationId = answer?.context?.evaluation_id;
  if (answer?.decision === true && typeof evaluationId === "string") {
    return { permitted: true, evaluationId, answer };
  }
  const reason = answer?.context?.reasons?.[0];
  if (answer?.decision === false && reason !== undefined) {
    return { ...deny(reason.code, reason.why), answer };
  }
  return deny("malformed", "the answer is malformed");
}

function deny(code: string, why: string): Decision & { permitted: false } {
  return { permitted: false, code, why };
}

function refused(status: number, problem: unknown): Decision {
  return deny("refused", `the verifier refused: ${status} ${code(problem)}: ${detail(problem)}`);
}

function failed(fault: unknown): Decision {
  const name = fault instanceof Error ? fault.name : "";
  if (name === "TimeoutError") return deny("slow", "the verifier did not answer in time");
  if (name === "SyntaxError") return deny("malformed", "the answer is malformed");
  return deny("unreachable", `the verifier cannot be reached: ${String(fault)}`);
}

function code(problem: unknown): string {
  return (problem as Partial<Problem> | undefined)?.code ?? "unknown";
}

function detail(problem: unknown): string {
  return (problem as Partial<Problem> | undefined)?.detail ?? "it does not say why";
}
