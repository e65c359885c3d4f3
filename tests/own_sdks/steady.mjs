// Emits COUNT numbered steps in a session, one every PAUSE seconds, whatever becomes of the server; then says what became of them.
import * as pawl from "pawl-sdk";

const [session, count, pause] = process.argv.slice(2);
await pawl.init({ exitTimeoutMs: 2000 });
await pawl.session(session, async () => {
  for (let number = 0; number < Number(count); ++number) {
    pawl.span(`step ${number}`, { kind: "tool" }, () => pawl.score("number", number));
    await new Promise((done) => setTimeout(done, Number(pause) * 1000));
  }
});
if (process.argv.includes("stay")) {
  for (let i = 0; i < 150 && !(await pawl.flush(1000)); ++i) await new Promise((done) => setTimeout(done, 200));
}
const { refused, overflowed, ...rest } = pawl.status();
console.log(`refused=${refused} overflowed=${overflowed}`, JSON.stringify(rest));
