// Checks with one line of output each, and polling with a timeout.
import assert from "node:assert/strict";
import { ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";

/** Maximum time to wait for anything, in milliseconds. */
export const TIMEOUT = 10_000;

let passed = 0;

/** Runs a check, prints its result and returns its value. A failed check ends the program. */
export async function check(promise, run) {
  try {
    const result = await run();
    passed += 1;
    console.log(`ok    ${promise}`);
    return result;
  } catch (error) {
    console.log(`FAIL  ${promise}`);
    throw error;
  }
}

/** Number of passed checks. */
export const checked = () => passed;

/** Asserts that a call fails with this code and returns the error. */
export async function fails(call, code) {
  try {
    await call;
  } catch (error) {
    const connectError = ConnectError.from(error);
    assert.equal(connectError.code, code, connectError.message);
    return connectError;
  }
  throw new assert.AssertionError({ message: "the call succeeded" });
}

/** Returns the machine-readable reason of an error. */
export function reason(error) {
  const [info] = error.findDetails(ErrorInfoSchema);
  assert.ok(info, "the error has no ErrorInfo");
  assert.equal(info.domain, "kith");
  assert.match(info.reason, /^[A-Z][A-Z0-9_]*$/);
  return info.reason;
}

/** Returns the proto paths of the invalid fields. */
export function invalidFields(error) {
  const violations = error.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations);
  for (const violation of violations) {
    assert.ok(violation.description && violation.reason, `${violation.field} has no description or reason`);
  }
  return violations.map((violation) => violation.field);
}

/** Polls until the condition holds, for effects that are asynchronous. */
export async function eventually(condition) {
  const end = Date.now() + TIMEOUT;
  while (!(await condition())) {
    assert.ok(Date.now() < end, "timed out");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
