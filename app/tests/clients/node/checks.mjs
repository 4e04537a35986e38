// One line a check, and an end: what does not come in time does not come.
import assert from "node:assert/strict";
import { ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";

/** How long anything may take, in milliseconds. */
export const PATIENCE = 10_000;

let held = 0;

/** Does it, says that it holds, and gives what came of it. What does not hold ends the program. */
export async function check(promise, does) {
  try {
    const result = await does();
    held += 1;
    console.log(`ok    ${promise}`);
    return result;
  } catch (error) {
    console.log(`FAIL  ${promise}`);
    throw error;
  }
}

/** How many checks have held. */
export const checked = () => held;

/** The refusal of a call that must not succeed. */
export async function refused(call, code) {
  try {
    await call;
  } catch (error) {
    const refusal = ConnectError.from(error);
    assert.equal(refusal.code, code, refusal.message);
    return refusal;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

/** What a program switches on. */
export function reason(refusal) {
  const [info] = refusal.findDetails(ErrorInfoSchema);
  assert.ok(info, "there is an ErrorInfo");
  assert.equal(info.domain, "kith");
  assert.match(info.reason, /^[A-Z][A-Z0-9_]*$/);
  return info.reason;
}

/** The fields that are to blame, by their proto paths. */
export function blamed(refusal) {
  const violations = refusal.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations);
  for (const violation of violations) {
    assert.ok(violation.description && violation.reason, `${violation.field} is explained`);
  }
  return violations.map((violation) => violation.field);
}

/** Asks until it holds: for what is promised soon, not at once. */
export async function soon(holds) {
  const end = Date.now() + PATIENCE;
  while (!(await holds())) {
    assert.ok(Date.now() < end, "it did not come in time");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
