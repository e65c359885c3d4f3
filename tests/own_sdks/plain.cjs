// An agent that has never heard of Pawl, in CommonJS.
const OpenAI = require("openai");

new OpenAI().chat.completions.create({ model: "gpt-4.1", messages: [{ role: "user", content: "hi" }] }).then((said) => {
  console.log(process.argv.slice(2), said.choices[0].message.content);
  process.exitCode = 7;
});
