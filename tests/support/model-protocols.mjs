// The protocols of `tests/cases/providers.json`, and how a model of each is configured to reach the scripted server of
// `model-server.mjs`: through Node's own fetch, through a binding, or through a function.

import { readFileSync } from "node:fs";

import { apiKey } from "./model-cases.mjs";

const text = readFileSync(new URL("../cases/providers.json", import.meta.url), "utf8");
/** The protocols of all providers, and the cases that all of them hold. */
export const cases = JSON.parse(text.replaceAll("{key}", apiKey));

/** A protocol for functions, which have none of their own: texts out, vectors or scores back. */
export const plain = { path: "/v1/", texts: "/texts", text: "", list: "", numbers: "", refusal: { error: "{said}" } };

/** Asks the scripted server as a model in the same process would be asked. */
export async function post(url, body) {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  if (response.ok) return response.json();
  throw Object.assign(new Error((await response.json()).error), { status: response.status });
}

/** `env.AI` in front of the scripted server. It throws the codes that Cloudflare documents. */
const binding = (url) => ({
  async run(model, input) {
    const code = { 400: "5004", 404: "5007", 429: "3040" };
    return post(`${url}/run/${model}`, input).catch((error) => {
      throw error.status in code ? new Error(`${code[error.status]}: ${error.message}`) : error;
    });
  },
});

/** Protocols with the configuration that reaches the scripted server at `url`: `configured(config, url)`. */
export const served = (protocols) =>
  protocols.map((protocol) => {
    const { provider } = protocol;
    const http = provider !== "workers-ai";
    const configured = (config, url) => ({ provider, config: http ? config : { ...config, binding: binding(url) } });
    return { ...protocol, http, retries: true, configured };
  });

/** All kinds of language models. */
export const completers = [
  ...served(cases.completers),
  {
    ...plain,
    provider: "function",
    name: "function/custom",
    reply: "{answer}",
    sent: { system: "Be brief.", user: "Say hello.", maxTokens: 500 },
    enforced: [{ schema: { type: "object" } }],
    pictures: {
      data: { images: [{ mediaType: "image/png", data: "iVBORw0=" }] },
      url: { images: [{ url: "https://pictures.test/a.png" }] },
    },
    configured: (config, url) => ({
      provider: "function",
      config: { ...config, complete: (request) => post(`${url}/`, request) },
    }),
  },
];

/** The cases that a provider has to hold. */
export const held = (rows, it) =>
  rows.filter((row) => (it.http || !row.http) && (it.retries || !row.retries) && (!row.needs || it.finish?.[row.needs]));

/**
 * A reply whose answer is spelled out as in `tests/cases/extraction.json`: a text, a part of one of `texts` with words
 * around it, or so many facts.
 */
export function spoken(texts, { many, ...reply }) {
  const { answer } = reply;
  if (many) {
    const facts = Array.from({ length: many }, (_, n) => ({ text: `Fact ${n}.` }));
    return { ...reply, answer: JSON.stringify({ facts }) };
  }
  if (answer?.of === undefined) return reply;
  const text = [...JSON.stringify(texts[answer.of])].slice(0, answer.until).join("");
  return { ...reply, answer: `${answer.before ?? ""}${text}${answer.after ?? ""}` };
}
