import { expect, test } from "vitest";
import { dialFailureText, dialTimeoutText } from "./dial-failure.ts";

test("says in Serf's words that nobody listens", () => {
  expect(dialFailureText("10.0.0.1:7946", "ECONNREFUSED", "connect ECONNREFUSED 10.0.0.1:7946")).toBe(
    "dial tcp 10.0.0.1:7946: connect: connection refused",
  );
});

test("leaves a failure that it has no words for its own", () => {
  expect(dialFailureText("10.0.0.1:7946", "EMFILE", "too many open files")).toBe(
    "dial tcp 10.0.0.1:7946: too many open files",
  );
  expect(dialFailureText("[::1]:7946", undefined, "odd")).toBe("dial tcp [::1]:7946: odd");
});

test("says in Serf's words that nobody answered", () => {
  expect(dialTimeoutText("10.0.0.1:7946")).toBe("dial tcp 10.0.0.1:7946: i/o timeout");
});
