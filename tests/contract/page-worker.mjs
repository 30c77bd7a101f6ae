// The contract suite inside a dedicated worker. It says when it listens: messages sent before are lost.

import { suite } from "./page.mjs";

onmessage = async ({ data }) => postMessage(await suite(data));
postMessage("listening");
