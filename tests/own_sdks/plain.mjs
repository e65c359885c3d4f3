// An agent that has never heard of Pawl.
import OpenAI from "openai";

const said = await new OpenAI().chat.completions.create({ model: "gpt-4.1", messages: [{ role: "user", content: "hi" }] });
console.log(process.argv.slice(2), said.choices[0].message.content);
process.exitCode = 7;
