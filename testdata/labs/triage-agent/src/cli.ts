// Reads a question from the command line and prints what the model answers.
import { ask } from "./model.js";

const question = process.argv.slice(2).join(" ");
if (question === "") {
  console.error("usage: pair QUESTION");
  process.exit(2);
}
console.log(await ask(question));
