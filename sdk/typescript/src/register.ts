// `node --require pawl-sdk/register program.js`: init() before the first line of the program, whose settings are the environment's.
import { init } from "./start.js";

void init();
