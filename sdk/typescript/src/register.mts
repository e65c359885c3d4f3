// `node --import pawl-sdk/register program.mjs`: init() before the first line of the program, whose settings are the environment's.
import { init } from "./start.js";

await init();
