import assert from "node:assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";

test("only what is built is published", () => {
  const described = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  assert.deepEqual(described.files, ["dist"]);
});
